package dev.flipside.eval.policy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.StrictJson;
import dev.flipside.config.UserError;
import dev.flipside.data.JsonText;
import dev.flipside.data.PlainText;
import dev.flipside.data.Row;
import dev.flipside.eval.ifeval.Instruction;
import dev.flipside.text.Conversation;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * IFEval (Zhou et al., arXiv 2311.07911): rows {@code key}, {@code prompt}, {@code instruction_id_list} and
 * {@code kwargs}.
 *
 * <p>Four marks: a prompt is right when all its instructions are followed, and every instruction counts for itself;
 * each strictly and loosely.
 */
public final class IfEval {
    private IfEval() {}

    /**
     * The items in the rows' order, by their {@code key}.
     *
     * @throws UserError when a row lacks a column, or an instruction is unknown or lacks an argument
     */
    public static List<VerifiableItem> items(List<Row> rows) {
        List<VerifiableItem> items = new ArrayList<>();
        for (Row row : rows) {
            List<Instruction> instructions =
                    instructions(row.where(), row.require("instruction_id_list"), row.require("kwargs"));
            PolicyPrompt prompt = new PolicyPrompt(
                    PlainText.of(row.require("key")), Conversation.ofPrompt(row.requireText("prompt")));
            items.add(new VerifiableItem(prompt, completion -> mark(completion, instructions)));
        }
        return VerifiableItem.requireUnique(items);
    }

    /**
     * The instructions of one row.
     *
     * @param where opens an error
     * @param givenIds a list of texts, or its JSON
     * @param givenKwargs a list of objects, as long, or its JSON
     * @throws UserError when they are of another form, or an instruction cannot be checked
     */
    public static List<Instruction> instructions(String where, JsonNode givenIds, JsonNode givenKwargs) {
        JsonNode ids = JsonText.unfolded(givenIds);
        JsonNode kwargs = JsonText.unfolded(givenKwargs);
        if (!ids.isArray() || ids.isEmpty() || !kwargs.isArray() || ids.size() != kwargs.size()) {
            throw new UserError(where
                    + " needs in 'instruction_id_list' a list of instructions and in 'kwargs' one object for each.");
        }
        List<Instruction> instructions = new ArrayList<>();
        for (int i = 0; i < ids.size(); i++) {
            Map<String, Object> arguments = kwargs.get(i).isObject()
                    ? StrictJson.MAPPER.convertValue(
                            kwargs.get(i),
                            StrictJson.MAPPER
                                    .getTypeFactory()
                                    .constructMapType(HashMap.class, String.class, Object.class))
                    : Map.of();
            try {
                instructions.add(Instruction.of(ids.get(i).asText(), arguments));
            } catch (UserError e) {
                throw new UserError(where + ": " + e.getMessage(), e);
            }
        }
        return instructions;
    }

    static Marks mark(String completion, List<Instruction> instructions) {
        List<Map<String, Object>> verdicts = new ArrayList<>();
        Map<String, Score> groups = new LinkedHashMap<>();
        int strict = 0;
        int loose = 0;
        for (Instruction instruction : instructions) {
            boolean strictly = instruction.followedStrictly(completion);
            boolean loosely = strictly || instruction.followedLoosely(completion);
            strict += strictly ? 1 : 0;
            loose += loosely ? 1 : 0;
            groups.merge(instruction.id(), Score.of(strictly), Score::plus);
            Map<String, Object> verdict = new LinkedHashMap<>();
            verdict.put("instruction", instruction.id());
            verdict.put("strict", strictly);
            verdict.put("loose", loosely);
            verdicts.add(verdict);
        }
        int all = instructions.size();
        Map<String, Score> scores = new LinkedHashMap<>();
        scores.put("prompt_strict", Score.of(strict == all));
        scores.put("prompt_loose", Score.of(loose == all));
        scores.put("instruction_strict", new Score(strict, all));
        scores.put("instruction_loose", new Score(loose, all));
        return new Marks(scores, groups, Map.of("instructions", verdicts));
    }
}
