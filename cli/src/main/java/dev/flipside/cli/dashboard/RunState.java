package dev.flipside.cli.dashboard;

import com.fasterxml.jackson.annotation.JsonValue;
import dev.flipside.config.Spelling;

/** Where a run is. */
enum RunState {
    /** Not begun: a comparison will. */
    WAITING,
    /** Its process is there. */
    RUNNING,
    /** Its process let go of it before its end; it can be resumed. */
    STOPPED,
    /** It was written by a process that is not on this machine any more. */
    DEAD,
    /** Its models are saved. */
    FINISHED;

    /** As people and files read it. */
    @JsonValue
    String key() {
        return Spelling.of(this);
    }
}
