package dev.flipside.trl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import java.util.Optional;

/** {@code RewardConfig}, for {@code train-rm}. */
final class RewardRules extends TrlRules {
    RewardRules(TrlFile file, TrlTranslation.Draft draft) {
        super(file, draft, "reward_model", "training");
    }

    @Override
    protected Optional<String> same(String key) {
        return TrlKeys.ofRewardTraining(key);
    }

    @Override
    protected boolean own(String key, JsonNode value, String text) {
        switch (key) {
            case "dataset_name", "dataset_path", "dataset" -> becomes(key, value, "data.preferences");
            case "chat_template_path" -> becomes(key, value, "reward_model.chat_template");
            case "gradient_accumulation_steps" ->
                becomes(key, text, "training.train_batch_size", IntNode.valueOf(batch()));
            case "max_steps" ->
                becomes(
                        key,
                        text,
                        "training.max_steps",
                        IntNode.valueOf(file.number(key).orElse(0) < 1 ? 0 : file.count(key, 1)));
            case "shuffle_dataset" -> becomes(key, value, "data.shuffle");
            case "save_steps", "save_total_limit", "save_strategy" ->
                leftOut(key, text, "train-rm writes its model at the end");
            case "eval_strategy", "do_eval", "eval_on_start" -> strategy(key, text, "training.eval_steps");
            case "report_to" -> reports(key, text, "training.tensorboard");
            default -> {
                return false;
            }
        }
        return true;
    }

    private int batch() {
        return file.count("per_device_train_batch_size", 8) * file.count("gradient_accumulation_steps", 1);
    }

    @Override
    protected void defaults() {
        standard("seed", "run.seed", IntNode.valueOf(42));
        standard("learning_rate", "training.learning_rate", DoubleNode.valueOf(1e-4));
        standard("num_train_epochs", "training.num_train_epochs", IntNode.valueOf(3));
        standard("logging_steps", "training.logging_steps", IntNode.valueOf(10));
        standard("gradient_accumulation_steps", "training.train_batch_size", IntNode.valueOf(batch()));
        // Nothing is held out that is not asked for.
        standard("eval_strategy", "data.eval_fraction", IntNode.valueOf(0));
    }
}
