package dev.flipside.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A heading of the reference page: this option and those after it, up to the next heading, stand in a table of their
 * own.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
@interface Heading {
    String value();

    /** What these options are for, in one sentence. */
    String purpose();
}
