package dev.flipside.cli.inspect;

import dev.flipside.cli.console.Numbers;
import dev.flipside.cli.console.Table;
import dev.flipside.config.Spelling;
import dev.flipside.train.MemoryEstimate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What {@code flipside validate} finds out, in the order in which it is shown. */
final class Findings {
    private record Check(String name, CheckStatus outcome, String detail) {}

    private final Map<String, Object> facts = new LinkedHashMap<>();
    private final Map<String, String> examples = new LinkedHashMap<>();
    private final List<Check> checks = new ArrayList<>();
    private final Map<String, Object> memory = new LinkedHashMap<>();
    private String memoryText = "";

    /** Something worth knowing, shown by its {@code toString}. */
    void fact(String name, Object value) {
        facts.put(name, value);
    }

    /** A rendering as {@link dev.flipside.text.Renderer#show} prints it. */
    void example(String reader, String shown) {
        examples.put(reader, shown);
    }

    void check(String name, CheckStatus outcome, String detail) {
        checks.add(new Check(name, outcome, detail));
    }

    /** The estimate against the machine's memory, which only the CPU's tensors live in. */
    void memory(MemoryEstimate estimate, boolean onCpu, long machineBytes) {
        memory.putAll(estimate.object());
        memory.put("machine", machineBytes);
        memoryText = table(estimate);
        String detail = Numbers.mebibytes(estimate.total()) + " MiB at most, "
                + Numbers.mebibytes(machineBytes) + " MiB in this machine"
                + (onCpu ? "" : " (the tensors lie on the GPU, whose memory is not known here)");
        boolean tooMuch = onCpu && estimate.total() > machineBytes;
        check(
                "memory",
                tooMuch ? CheckStatus.PROBLEM : CheckStatus.OK,
                tooMuch
                        ? detail
                                + "; lower activation_memory_mb and rollout.max_rows, switch gradient_checkpointing on, or take a smaller model"
                        : detail);
    }

    /** In MiB, with the total last. */
    private static String table(MemoryEstimate estimate) {
        List<List<String>> rows = new ArrayList<>();
        estimate.standing().forEach(part -> rows.add(List.of(part.name(), Numbers.mebibytes(part.bytes()))));
        estimate.sampling()
                .forEach(part -> rows.add(List.of("while sampling: " + part.name(), Numbers.mebibytes(part.bytes()))));
        estimate.training()
                .forEach(part -> rows.add(List.of("while training: " + part.name(), Numbers.mebibytes(part.bytes()))));
        rows.add(List.of("at most", Numbers.mebibytes(estimate.total())));
        return new Table(List.of("memory", "MiB"), rows).render();
    }

    boolean hasProblems() {
        return checks.stream().anyMatch(c -> c.outcome() == CheckStatus.PROBLEM);
    }

    String text() {
        StringBuilder text = new StringBuilder();
        List<List<String>> rows = new ArrayList<>();
        facts.forEach((name, value) -> rows.add(List.of(name, value.toString())));
        text.append(Table.of(rows).render());
        examples.forEach((reader, shown) -> text.append('\n')
                .append(reader)
                .append(" reads:\n")
                .append(shown)
                .append('\n'));
        List<List<String>> results = checks.stream()
                .map(c -> List.of(Spelling.of(c.outcome()), c.name(), c.detail()))
                .toList();
        text.append('\n')
                .append(memoryText)
                .append('\n')
                .append(Table.of(results).render());
        return text.append(hasProblems() ? "" : "\nNothing is wrong.").toString();
    }

    Map<String, Object> object() {
        Map<String, Object> object = new LinkedHashMap<>();
        facts.forEach((name, value) -> object.put(name.replace(' ', '_').replace('-', '_'), plain(value)));
        object.put("examples", examples);
        object.put("checks", checks.stream().map(Findings::object).toList());
        object.put("memory", memory);
        object.put("ok", !hasProblems());
        return object;
    }

    private static Map<String, Object> object(Check check) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("name", check.name());
        object.put("outcome", Spelling.of(check.outcome()));
        object.put("detail", check.detail());
        return object;
    }

    private static Object plain(Object value) {
        if (value instanceof TokenLengths lengths) {
            return lengths.object();
        }
        return value instanceof Number ? value : value.toString();
    }
}
