package dev.flipside.eval.alarm;

/** How much a finding should worry whoever runs the training; later constants are worse. */
public enum Level {
    /** Worth knowing; nothing is wrong. */
    INFO,
    /** Look at it; the run may be fine. */
    WARN,
    /** The run is probably making its reward model or its policy worse. */
    ALARM
}
