package dev.flipside.trl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.flipside.trl.TrlTranslation.Outcome;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The rules that the trainers share; {@link PolicyRules} and {@link RewardRules} have their own. */
abstract class TrlRules {
    private static final Set<String> SCHEDULES = Set.of("constant", "linear", "cosine");
    private static final Map<String, String> ADAPTER = Map.of(
            "lora_r", "r",
            "lora_alpha", "lora_alpha",
            "lora_dropout", "lora_dropout",
            "lora_target_modules", "target_modules",
            "lora_modules_to_save", "modules_to_save",
            "use_rslora", "use_rslora",
            "use_dora", "use_dora");

    protected final TrlFile file;
    private final TrlTranslation.Draft draft;
    /** Section of the model that learns, and of its optimiser. */
    private final String model;

    private final String optimiser;

    TrlRules(TrlFile file, TrlTranslation.Draft draft, String model, String optimiser) {
        this.file = file;
        this.draft = draft;
        this.model = model;
        this.optimiser = optimiser;
    }

    static TrlRules of(TrlFile file, TrlTrainer trainer, TrlTranslation.Draft draft) {
        return trainer == TrlTrainer.REWARD ? new RewardRules(file, draft) : new PolicyRules(file, trainer, draft);
    }

    /** Our key for one of TRL's that has the same meaning and values. */
    protected abstract Optional<String> same(String key);

    /**
     * Says what becomes of a key that no other rule is for.
     *
     * @return whether it has
     */
    protected abstract boolean own(String key, JsonNode value, String text);

    /** What TRL does where the file says nothing, and is done otherwise here. */
    protected abstract void defaults();

    final void apply() {
        file.values().forEach(this::one);
        defaults();
    }

    private void one(String key, JsonNode value) {
        String text = TrlTranslation.Draft.text(value);
        Optional<String> same = same(key);
        Optional<String> reason = TrlKeys.reason(key);
        if (same.isPresent()) {
            becomes(key, value, same.get());
        } else if (reason.isPresent()) {
            leftOut(key, text, reason.get());
        } else if (!shared(key, value, text) && !own(key, value, text)) {
            missing(key, text, "no key of this trainer in TRL 1.13 that is known here");
        }
    }

    private boolean shared(String key, JsonNode value, String text) {
        switch (key) {
            case "model_name_or_path", "model" -> becomes(key, value, model + ".model");
            case "dataset_train_split", "dataset_config" ->
                missing(key, text, "write it behind the data's name: org/name:config/split");
            case "lr_scheduler_type" -> schedule(key, text);
            case "lr_scheduler_kwargs" -> scheduleOptions(key, value, text);
            case "warmup_steps", "warmup_ratio" -> warmUp(key, value, text);
            case "bf16" -> becomes(key, text, "run.dtype", TextNode.valueOf(file.isTrue(key) ? "bfloat16" : "float32"));
            case "fp16" -> onlyOff(key, text, "there is no float16; run.dtype has float32 and bfloat16");
            case "load_in_4bit", "load_in_8bit" -> onlyOff(key, text, "models are not quantised here");
            case "use_cpu" -> becomes(key, text, "run.device", TextNode.valueOf(file.isTrue(key) ? "cpu" : "auto"));
            case "dtype", "torch_dtype" ->
                leftOut(key, text, "weights that learn are float32; run.dtype says what is computed in");
            case "model_init_kwargs" -> missing(key, text, "models are read from their folder, and nothing else");
            case "model_revision" -> revision(key, text);
            case "label_smoothing_factor" -> zero(key, text);
            case "train_sampling_strategy" -> only(key, text, "random");
            case "eos_token", "pad_token" -> missing(key, text, "set it in the model's tokenizer_config.json");
            case "use_peft" -> adapter(key, text);
            default -> {
                return option(key, value, text);
            }
        }
        return true;
    }

    /** Of an adapter, which is there when it is asked for. */
    private boolean option(String key, JsonNode value, String text) {
        if (!ADAPTER.containsKey(key)) {
            return false;
        }
        if (file.isTrue("use_peft")) {
            becomes(key, value, model + ".lora." + ADAPTER.get(key));
        } else {
            leftOut(key, text, "without use_peft there is no adapter");
        }
        return true;
    }

    private void schedule(String key, String text) {
        String ours =
                switch (text) {
                    case "constant_with_warmup" -> "constant";
                    case "cosine_with_min_lr" -> "cosine";
                    default -> text;
                };
        if (SCHEDULES.contains(ours)) {
            becomes(key, text, optimiser + ".lr_scheduler_type", TextNode.valueOf(ours));
        } else {
            missing(key, text, "there are constant, linear and cosine");
        }
    }

    private void scheduleOptions(String key, JsonNode value, String text) {
        if (value.path("min_lr_rate").isNumber()) {
            becomes(key, text, optimiser + ".min_lr_rate", value.get("min_lr_rate"));
        } else {
            missing(key, text, "of these min_lr_rate alone is known, as " + optimiser + ".min_lr_rate");
        }
    }

    /** A share of the steps becomes a number of them, where that is known. */
    private void warmUp(String key, JsonNode value, String text) {
        double given = file.number(key).orElse(0);
        String ours = optimiser + ".warmup_steps";
        if (given >= 1 || given == 0) {
            becomes(key, value, ours);
        } else if (file.number("max_steps").orElse(-1) >= 1) {
            becomes(key, text, ours, IntNode.valueOf((int) Math.ceil(given * file.count("max_steps", 1))));
        } else {
            missing(key, text, "is a share of steps whose number the file does not say; give " + ours);
        }
    }

    private void revision(String key, String text) {
        if (text.equals("main")) {
            leftOut(key, text, "it is the default of the Hub");
        } else {
            missing(key, text, "write it behind the model's name: org/name@" + text);
        }
    }

    private void zero(String key, String text) {
        if (file.number(key).orElse(0) == 0) {
            leftOut(key, text, "it is 0 here always");
        } else {
            missing(key, text, "TRL's losses do not read it");
        }
    }

    /** A key of which only one value can be had. */
    protected final void only(String key, String text, String standard) {
        boolean number = standard.matches("\\d.*");
        boolean same = number ? file.number(key).orElseThrow() == Double.parseDouble(standard) : text.equals(standard);
        if (same) {
            leftOut(key, text, "it is so here always");
        } else {
            missing(key, text, "it is " + standard + " here always");
        }
    }

    private void adapter(String key, String text) {
        if (!file.isTrue(key)) {
            leftOut(key, text, "there is an adapter where there is a map lora");
        } else {
            draft.add(key, text, Outcome.TRANSLATED, model + ".lora");
            standard("lora_dropout", model + ".lora.lora_dropout", DoubleNode.valueOf(0.05));
            // PEFT's choice for Llama, Qwen, Gemma and Mistral.
            standard(
                    "lora_target_modules",
                    model + ".lora.target_modules",
                    JsonNodeFactory.instance.arrayNode().add("q_proj").add("v_proj"));
        }
    }

    /** Where evaluations or checkpoints are asked for by a word beside a number. */
    protected final void strategy(String key, String text, String steps) {
        switch (text) {
            case "steps", "true" -> leftOut(key, text, "the number of steps says it");
            case "no", "false" -> becomes(key, text, steps, IntNode.valueOf(0));
            default -> missing(key, text, "give " + steps);
        }
    }

    protected final void reports(String key, String text, String tensorboard) {
        boolean board = text.contains("tensorboard") || text.contains("all");
        boolean known = text.matches("\\W*(none|tensorboard|all)?\\W*");
        String set = draft.set(tensorboard, BooleanNode.valueOf(board));
        draft.add(
                key,
                text,
                known ? Outcome.TRANSLATED : Outcome.MISSING,
                known ? set : set + "; another tracker can read metrics.jsonl");
    }

    /** A switch that is off here always. */
    protected final void onlyOff(String key, String text, String otherwise) {
        if (file.isTrue(key)) {
            missing(key, text, otherwise);
        } else {
            leftOut(key, text, "it is off here always");
        }
    }

    protected final void becomes(String key, JsonNode value, String ours) {
        becomes(key, TrlTranslation.Draft.text(value), ours, value);
    }

    protected final void becomes(String key, String text, String ours, JsonNode value) {
        draft.add(key, text, Outcome.TRANSLATED, draft.set(ours, value));
    }

    protected final void becomes(String key, String text, String ours, JsonNode value, String because) {
        draft.add(key, text, Outcome.TRANSLATED, draft.set(ours, value) + ", " + because);
    }

    protected final void leftOut(String key, String text, String reason) {
        draft.add(key, text, Outcome.LEFT_OUT, reason);
    }

    protected final void missing(String key, String text, String what) {
        draft.add(key, text, Outcome.MISSING, what);
    }

    /** Writes down what has no key in TRL. */
    protected final void set(String ours, JsonNode value) {
        draft.set(ours, value);
    }

    /** Writes TRL's default down, where the file has no such key. */
    protected final void standard(String key, String ours, JsonNode value) {
        if (!file.has(key)) {
            draft.add(key, "default", Outcome.DEFAULT, draft.set(ours, value));
        }
    }
}
