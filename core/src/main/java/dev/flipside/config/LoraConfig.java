package dev.flipside.config;

import com.fasterxml.jackson.annotation.JsonFormat;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Low-rank adaptation (Hu et al., arXiv 2106.09685): a frozen weight W becomes W + s B A, of which only A [r, in] and B
 * [out, r] learn, with s = lora_alpha / r, or lora_alpha / sqrt(r) with {@code use_rslora}. Keys are those of PEFT's
 * {@code LoraConfig}; a key that is not given has its default, see {@link #defaults}.
 */
public record LoraConfig(
        @Doc("Rank of the update of a weight.") Integer r,
        @Doc("Numerator of the scale of the update.") Double loraAlpha,
        @Doc(
                        "Share of the adapters' inputs that is dropped in passes that train. Drawn per token from the seed, so that the result does not depend on how batches are cut.")
                Double loraDropout,
        @Doc(
                        "`all-linear`, every linear module but the heads, or a list of module names such as `[q_proj, v_proj]`. A name matches the end of a module's path. `embed_tokens` and `lm_head` may be among them.")
                @JsonFormat(with = JsonFormat.Feature.ACCEPT_SINGLE_VALUE_AS_ARRAY)
                List<String> targetModules,
        @Doc(
                        "Modules that are trained whole and saved with the adapter, such as `[lm_head]` or `[norm]`. A reward model's `score` is always one.")
                List<String> modulesToSave,
        @Doc("Scale by `lora_alpha / sqrt(r)` (Kalajdzievski, arXiv 2312.03732).") Boolean useRslora,
        @Doc("Learn the norm of each row of a weight apart from its direction (DoRA; Liu et al., arXiv 2402.09353).")
                Boolean useDora,
        @Doc(
                        "Which of the model's own biases learn too and are saved with the adapter. `lora_only`: those of the adapted modules.")
                Bias bias,
        @Doc("Give each B a bias that learns.") Boolean loraBias,
        @Doc(
                        "How A and B begin. `default`: B zero. `gaussian`: A normal, B zero. `orthogonal`: A and B random with B A = 0, for even ranks. `pissa` (Meng et al., arXiv 2404.02948): the largest singular parts of the weight, taken out of it. `olora`: Büyükakyüz, arXiv 2406.01775. `mica` (arXiv 2604.01694): B the smallest singular vectors, frozen.")
                Initialisation initLoraWeights,
        @Doc(
                        "Ranks that differ from `r`, such as `{q_proj: 8}`. Keys are module names, or regular expressions that match the end of a module's path.")
                Map<String, Integer> rankPattern,
        @Doc("The same for `lora_alpha`.") Map<String, Double> alphaPattern,
        @Doc("Modules that are left out although `target_modules` names them.") List<String> excludeModules,
        @Doc("Numbers of the layers that are adapted, from 0; all by default.") List<Integer> layersToTransform,
        @Doc("Ids of tokens whose embeddings learn, whole; of a tied head its rows too.")
                List<Integer> trainableTokenIndices,
        @Doc(
                        "Where the vocabulary head is the embedding, train the two as one when `target_modules` or `modules_to_save` names one of them. Without it they part.")
                Boolean ensureWeightTying) {
    /** The value of {@code target_modules} that names every linear module. */
    public static final String ALL_LINEAR = "all-linear";

    /** PEFT's {@code bias}. */
    public enum Bias {
        NONE,
        LORA_ONLY,
        ALL
    }

    /** PEFT's {@code init_lora_weights}; DEFAULT is its true. */
    public enum Initialisation {
        DEFAULT,
        GAUSSIAN,
        ORTHOGONAL,
        PISSA,
        OLORA,
        MICA;

        /** Whether the base lies below the adapter without what A and B began as. */
        public boolean changesBase() {
            return this == PISSA || this == OLORA;
        }
    }

    public LoraConfig {
        r = r == null ? 16 : r;
        loraAlpha = loraAlpha == null ? 32.0 : loraAlpha;
        loraDropout = loraDropout == null ? 0.0 : loraDropout;
        targetModules = targetModules == null ? List.of(ALL_LINEAR) : List.copyOf(targetModules);
        modulesToSave = modulesToSave == null ? List.of() : List.copyOf(modulesToSave);
        useRslora = useRslora != null && useRslora;
        useDora = useDora != null && useDora;
        bias = bias == null ? Bias.NONE : bias;
        loraBias = loraBias != null && loraBias;
        initLoraWeights = initLoraWeights == null ? Initialisation.DEFAULT : initLoraWeights;
        rankPattern = rankPattern == null ? Map.of() : ordered(rankPattern);
        alphaPattern = alphaPattern == null ? Map.of() : ordered(alphaPattern);
        excludeModules = excludeModules == null ? List.of() : List.copyOf(excludeModules);
        layersToTransform = layersToTransform == null ? List.of() : List.copyOf(layersToTransform);
        trainableTokenIndices = trainableTokenIndices == null ? List.of() : List.copyOf(trainableTokenIndices);
        ensureWeightTying = ensureWeightTying != null && ensureWeightTying;
    }

    /** The first seven keys, the others by default. */
    public LoraConfig(
            Integer r,
            Double loraAlpha,
            Double loraDropout,
            List<String> targetModules,
            List<String> modulesToSave,
            Boolean useRslora,
            Boolean useDora) {
        this(
                r,
                loraAlpha,
                loraDropout,
                targetModules,
                modulesToSave,
                useRslora,
                useDora,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null);
    }

    private static <T> Map<String, T> ordered(Map<String, T> map) {
        return Collections.unmodifiableMap(new LinkedHashMap<>(map));
    }

    /** What {@code {}} is. */
    public static LoraConfig defaults() {
        return new LoraConfig(null, null, null, null, null, null, null);
    }

    /** Whether {@code target_modules} names every linear module. */
    public boolean allLinear() {
        return targetModules.equals(List.of(ALL_LINEAR));
    }

    /** The rank of a module's update: that of the first pattern that matches its path, or else r. */
    public int rank(String module) {
        return ofPattern(rankPattern, module, r);
    }

    /** s, what B A is multiplied by for a module of that rank. */
    public double scaling(String module, long rank) {
        return ofPattern(alphaPattern, module, loraAlpha) / (useRslora ? Math.sqrt(rank) : rank);
    }

    /** PEFT matches a pattern at the end of a path, after a dot or from the path's beginning. */
    private static <T> T ofPattern(Map<String, T> patterns, String module, T otherwise) {
        return patterns.entrySet().stream()
                .filter(entry -> Pattern.compile("(.*\\.)?(" + entry.getKey() + ")")
                        .matcher(module)
                        .matches())
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(otherwise);
    }

    /** @throws UserError naming the key when a value is out of range */
    void validate(String section) {
        if (r < 1) {
            throw new UserError(section + ".r: " + r + " is no rank; set 1 or more (16 is usual), or remove " + section
                    + " to train all weights.");
        }
        if (!(loraAlpha > 0) || !Double.isFinite(loraAlpha)) {
            throw new UserError(section + ".lora_alpha: " + loraAlpha + " must be above 0; twice the rank is usual.");
        }
        if (!(loraDropout >= 0 && loraDropout < 1)) {
            throw new UserError(section + ".lora_dropout: " + loraDropout
                    + " must be a share from 0 to below 1; 0 and 0.05 are usual.");
        }
        if (targetModules.isEmpty()) {
            throw new UserError(section + ".target_modules: the list is empty; name modules such as q_proj, or "
                    + ALL_LINEAR + ".");
        }
        validatePatterns(section);
        validateCombinations(section);
    }

    private void validatePatterns(String section) {
        rankPattern.forEach((pattern, rank) -> {
            requirePattern(section + ".rank_pattern", pattern);
            if (rank == null || rank < 1) {
                throw new UserError(section + ".rank_pattern." + pattern + ": " + rank + " is no rank; set 1 or more.");
            }
        });
        alphaPattern.forEach((pattern, alpha) -> {
            requirePattern(section + ".alpha_pattern", pattern);
            if (alpha == null || !(alpha > 0) || !Double.isFinite(alpha)) {
                throw new UserError(section + ".alpha_pattern." + pattern + ": " + alpha + " must be above 0.");
            }
        });
    }

    private static void requirePattern(String key, String pattern) {
        try {
            Pattern.compile(pattern);
        } catch (PatternSyntaxException e) {
            throw new UserError(
                    key + ": '" + pattern + "' is no regular expression (" + e.getDescription()
                            + "); write a module's name such as q_proj.",
                    e);
        }
    }

    /** PEFT refuses the same. */
    private void validateCombinations(String section) {
        if (loraBias && (useDora || initLoraWeights != Initialisation.DEFAULT)) {
            throw new UserError(
                    section
                            + ".lora_bias: PEFT has it for LoRA with init_lora_weights default alone; remove it, or use_dora and init_lora_weights.");
        }
        if (useDora && initLoraWeights == Initialisation.MICA) {
            throw new UserError(
                    section + ".use_dora: PEFT has no DoRA with init_lora_weights mica; remove one of them.");
        }
        if (trainableTokenIndices.stream().anyMatch(id -> id == null || id < 0)) {
            throw new UserError(section + ".trainable_token_indices: " + trainableTokenIndices
                    + " holds what is no token id; ids are 0 or more.");
        }
    }
}
