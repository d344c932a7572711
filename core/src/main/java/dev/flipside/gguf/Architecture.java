package dev.flipside.gguf;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.UserError;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The architectures that are imported: GGUF's name, transformers' names, the table of tensors and the rule for
 * config.json. A new one is a constant here, a table in {@link TensorTables} and a rule in {@link ConfigRules}.
 */
enum Architecture {
    LLAMA("llama", "llama", "LlamaForCausalLM", TensorTables.llama(), ConfigRules::llama),
    /** A llama in GGUF that says how far its attention reaches. */
    MISTRAL("llama", "mistral", "MistralForCausalLM", TensorTables.llama(), ConfigRules::mistral),
    /** A llama in GGUF that has experts. */
    MIXTRAL("llama", "mixtral", "MixtralForCausalLM", TensorTables.mixtral(), ConfigRules::mixtral),
    QWEN2("qwen2", "qwen2", "Qwen2ForCausalLM", TensorTables.qwen2(), ConfigRules::qwen2),
    QWEN3("qwen3", "qwen3", "Qwen3ForCausalLM", TensorTables.qwen3(), ConfigRules::qwen3),
    QWEN3_MOE("qwen3moe", "qwen3_moe", "Qwen3MoeForCausalLM", TensorTables.qwen3Moe(), ConfigRules::qwen3Moe),
    GEMMA2("gemma2", "gemma2", "Gemma2ForCausalLM", TensorTables.gemma2(), ConfigRules::gemma2),
    GEMMA3("gemma3", "gemma3_text", "Gemma3ForCausalLM", TensorTables.gemma3(), ConfigRules::gemma3),
    OLMO2("olmo2", "olmo2", "Olmo2ForCausalLM", TensorTables.olmo2(), ConfigRules::olmo2),
    PHI3("phi3", "phi3", "Phi3ForCausalLM", TensorTables.phi3(), ConfigRules::phi3),
    SMOLLM3("smollm3", "smollm3", "SmolLM3ForCausalLM", TensorTables.llama(), ConfigRules::smolLm3),
    GRANITE("granite", "granite", "GraniteForCausalLM", TensorTables.llama(), ConfigRules::granite),
    STARCODER2("starcoder2", "starcoder2", "Starcoder2ForCausalLM", TensorTables.starCoder2(), ConfigRules::starCoder2),
    STABLELM("stablelm", "stablelm", "StableLmForCausalLM", TensorTables.stableLm(), ConfigRules::stableLm),
    GPT2("gpt2", "gpt2", "GPT2LMHeadModel", TensorTables.gpt2(), ConfigRules::gpt2),
    GPT_NEOX("gptneox", "gpt_neox", "GPTNeoXForCausalLM", TensorTables.gptNeoX(), ConfigRules::gptNeoX);

    private final String ggufName;
    private final String modelType;
    private final String className;
    private final List<TensorRule> tensors;
    private final ConfigRule configRule;

    /** Writes what is special to an architecture into its config.json. */
    interface ConfigRule {
        void write(Hyperparameters from, ObjectNode config);
    }

    Architecture(String ggufName, String modelType, String className, List<TensorRule> tensors, ConfigRule configRule) {
        this.ggufName = ggufName;
        this.modelType = modelType;
        this.className = className;
        this.tensors = tensors;
        this.configRule = configRule;
    }

    /** @throws UserError naming the architecture and the supported ones */
    static Architecture of(Metadata metadata) {
        String type = metadata.text("general.type").orElse("model");
        if (!type.equals("model")) {
            throw new UserError(metadata.file() + ": holds something of the type '" + type
                    + "', not a whole language model; give the file of the model itself.");
        }
        String name = metadata.requiredText("general.architecture");
        if (name.equals(LLAMA.ggufName)) {
            boolean experts = metadata.natural("llama.expert_count").orElse(0) > 0;
            boolean window = metadata.natural("llama.attention.sliding_window").orElse(0) > 0;
            return experts ? MIXTRAL : window ? MISTRAL : LLAMA;
        }
        return Arrays.stream(values())
                .filter(a -> a.ggufName.equals(name))
                .findFirst()
                .orElseThrow(() -> new UserError(metadata.file() + ": is a model of the architecture '" + name
                        + "', which is not supported; supported are " + supported() + "."));
    }

    private static String supported() {
        return Arrays.stream(values()).map(a -> a.ggufName).distinct().collect(Collectors.joining(", "));
    }

    /** {@code general.architecture}, and what the keys of its hyperparameters begin with. */
    String ggufName() {
        return ggufName;
    }

    /** {@code model_type} in config.json. */
    String modelType() {
        return modelType;
    }

    /** transformers' class of the language model. */
    String className() {
        return className;
    }

    List<TensorRule> tensors() {
        return tensors;
    }

    ConfigRule configRule() {
        return configRule;
    }
}
