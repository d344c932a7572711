package dev.flipside.cli.machine;

import dev.flipside.cli.command.FlipsideCommand;
import dev.flipside.cli.command.NativeLibraries;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.Numbers;
import dev.flipside.cli.console.Table;
import dev.flipside.engine.Device;
import dev.flipside.engine.MatrixProductSpeed;
import dev.flipside.engine.MemoryCopySpeed;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;

/** {@code flipside doctor}: what this machine computes with, and what is wrong with it. */
@Command(
        name = "doctor",
        description = {
            "Shows which libtorch, BLAS, threads and devices are in use and how fast they are.",
            "Exit code 1 when something needs mending."
        })
public final class Doctor extends FlipsideCommand {
    private static final Duration MEASURING = Duration.ofSeconds(1);

    @Override
    protected int run(Console console) {
        NativeLibraries.load(console);
        Machine machine = Machine.inspect();
        Device device = Device.parse(common().device());
        double gigaflops = MatrixProductSpeed.gigaflops(device, MEASURING);
        double copy = MemoryCopySpeed.gigabytes(device, MEASURING);
        Processor processor = Processor.read();

        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("flipside", BuildVersion.number());
        facts.putAll(machine.facts());
        facts.put("device in use", device.name());
        facts.put("processor", processor.text());
        facts.put("matrix product", Numbers.fixed(gigaflops, 0) + " GFLOP/s (float32, 1024 x 1024, 1 s)");
        facts.put("memory copy", Numbers.fixed(copy, 1) + " GB/s (256 MB, read and written, 1 s)");
        List<String> problems = machine.problems();

        Map<String, Object> object = new LinkedHashMap<>();
        facts.forEach((name, value) -> object.put(name.replace(' ', '_'), value));
        object.put("processor", processor.object());
        object.put("matrix_product", gigaflops);
        object.put("memory_copy", copy);
        object.put("problems", problems);
        object.put("notes", machine.notes());
        console.result(() -> text(facts, problems, machine.notes()), object);
        return problems.isEmpty() ? ExitCode.OK : ExitCode.SOFTWARE;
    }

    private static String text(Map<String, Object> facts, List<String> problems, List<String> notes) {
        List<List<String>> rows = new ArrayList<>();
        facts.forEach((name, value) -> rows.add(List.of(name, String.valueOf(value))));
        StringBuilder text = new StringBuilder(Table.of(rows).render()).append('\n');
        notes.forEach(note -> text.append("note: ").append(note).append('\n'));
        problems.forEach(problem -> text.append("problem: ").append(problem).append('\n'));
        return text.append(problems.isEmpty() ? "Nothing is wrong." : "").toString();
    }
}
