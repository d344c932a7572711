package dev.flipside.config;

import java.util.Map;

/** What the presets of section {@code save} set, and nothing else (docs/method.md). */
final class SavePreset {
    private SavePreset() {}

    /** Keys of section {@code save} with the preset's values. */
    static Map<String, Object> values(SaveConfig.Preset preset) {
        return switch (preset) {
            case FAITHFUL, OFF -> Map.of();
            case GUARDED -> Map.of("replay_weight", 1.0, "centering", 0.01, "label_smoothing", 0.05, "gate", "mcnemar");
        };
    }
}
