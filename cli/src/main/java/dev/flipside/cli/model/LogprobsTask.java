package dev.flipside.cli.model;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.cli.rows.InputRow;
import dev.flipside.cli.rows.ModelRow;
import dev.flipside.cli.rows.RowRemark;
import dev.flipside.cli.rows.RowTask;
import dev.flipside.cli.rows.RowWork;
import dev.flipside.engine.Device;
import dev.flipside.model.CausalLm;
import dev.flipside.model.ModelFiles;
import dev.flipside.model.Precision;
import dev.flipside.model.TokenRow;
import dev.flipside.text.Continued;
import dev.flipside.text.Renderer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The log-probabilities of the tokens of every row's completion. */
final class LogprobsTask implements RowTask<CausalLm, Continued> {
    private static final double TEMPERATURE = 1;

    @Override
    public CausalLm load(Path directory, Device device, Precision precision) {
        return CausalLm.constant(directory, device, precision);
    }

    @Override
    public ModelFiles filesOf(CausalLm model) {
        return model.files();
    }

    @Override
    public Continued read(InputRow row, Renderer renderer) {
        return row.has("messages")
                ? renderer.turn(row.messages())
                : renderer.continuation(row.text("prompt"), row.text("completion"));
    }

    @Override
    public int tokens(Continued read) {
        return read.ids().length;
    }

    @Override
    public List<RowRemark> remarks(CausalLm model, Renderer renderer, List<ModelRow<Continued>> rows) {
        long rejoined = rows.stream().filter(row -> row.read().joined()).count();
        return rejoined == 0
                ? List.of()
                : List.of(
                        new RowRemark(
                                rejoined,
                                "would be tokenised across the border of prompt and completion; their prompts keep their own tokens."));
    }

    @Override
    public RowWork<Continued> work(CausalLm model, Renderer renderer) {
        return some -> logprobs(model, some);
    }

    private static List<ObjectNode> logprobs(CausalLm model, List<ModelRow<Continued>> rows) {
        List<TokenRow> tokens = rows.stream()
                .map(row -> new TokenRow(row.read().ids(), row.read().promptLength()))
                .toList();
        double[][] logprobs = model.logprobs(tokens, TEMPERATURE).logprobs();
        List<ObjectNode> results = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            InputRow row = rows.get(i).input();
            ObjectNode result = row.result();
            ArrayNode ids = result.putArray("token_ids");
            for (int at = tokens.get(i).promptLength(); at < tokens.get(i).ids().length; at++) {
                ids.add(tokens.get(i).ids()[at]);
            }
            ArrayNode values = result.putArray("logprobs");
            for (double value : logprobs[i]) {
                row.requireFinite("log-probability", value);
                values.add(value);
            }
            results.add(result);
        }
        return results;
    }
}
