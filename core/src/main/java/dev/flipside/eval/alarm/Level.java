package dev.flipside.eval.alarm;

import com.fasterxml.jackson.annotation.JsonValue;
import dev.flipside.config.Spelling;

/** How much a finding should worry whoever runs the training; later constants are worse. */
public enum Level {
    /** Worth knowing; nothing is wrong. */
    INFO,
    /** Look at it; the run may be fine. */
    WARN,
    /** The run is probably making its reward model or its policy worse. */
    ALARM;

    /** As people and files read it. */
    @JsonValue
    public String key() {
        return Spelling.of(this);
    }
}
