package dev.flipside.config;

import com.fasterxml.jackson.annotation.JsonFormat;
import java.util.List;

/**
 * Low-rank adaptation (Hu et al., arXiv 2106.09685): a frozen weight W becomes W + s B A, of which only A [r, in] and B [out, r] learn, with s = lora_alpha / r, or
 * lora_alpha / sqrt(r) with {@code use_rslora}. Keys are those of PEFT's {@code LoraConfig}; a key that is not given has its default, see {@link #defaults}.
 */
public record LoraConfig(
        @Doc("Rank of the update of a weight.") Integer r,
        @Doc("Numerator of the scale of the update.") Double loraAlpha,
        @Doc(
                        "Share of the adapters' inputs that is dropped in passes that train, and only there. Drawn per token from the seed, so that the result does not depend on how batches are cut.")
                Double loraDropout,
        @Doc(
                        "all-linear (every linear module but the heads), or a list of module names such as [q_proj, v_proj], matched at the end of a module's path.")
                @JsonFormat(with = JsonFormat.Feature.ACCEPT_SINGLE_VALUE_AS_ARRAY)
                List<String> targetModules,
        @Doc(
                        "Modules that are trained whole and saved with the adapter, such as [lm_head] or [norm]. A reward model's score is always one.")
                List<String> modulesToSave,
        @Doc("Scale by lora_alpha / sqrt(r) (Kalajdzievski, arXiv 2312.03732).") Boolean useRslora,
        @Doc("Learn the norm of each row of a weight apart from its direction (DoRA; Liu et al., arXiv 2402.09353).")
                Boolean useDora) {
    /** The value of {@code target_modules} that names every linear module. */
    public static final String ALL_LINEAR = "all-linear";

    public LoraConfig {
        r = r == null ? 16 : r;
        loraAlpha = loraAlpha == null ? 32.0 : loraAlpha;
        loraDropout = loraDropout == null ? 0.0 : loraDropout;
        targetModules = targetModules == null ? List.of(ALL_LINEAR) : List.copyOf(targetModules);
        modulesToSave = modulesToSave == null ? List.of() : List.copyOf(modulesToSave);
        useRslora = useRslora != null && useRslora;
        useDora = useDora != null && useDora;
    }

    /** What {@code {}} is. */
    public static LoraConfig defaults() {
        return new LoraConfig(null, null, null, null, null, null, null);
    }

    /** Whether {@code target_modules} names every linear module. */
    public boolean allLinear() {
        return targetModules.equals(List.of(ALL_LINEAR));
    }

    /** s, what B A is multiplied by for a module of that rank. */
    public double scaling(long rank) {
        return loraAlpha / (useRslora ? Math.sqrt(rank) : rank);
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
    }
}
