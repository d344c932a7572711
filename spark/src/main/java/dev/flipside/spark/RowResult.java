package dev.flipside.spark;

import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * One result of a row. Functions that are sent to executors name this type and not Jackson's, whose name is another in
 * the assembled jar: Java finds a lambda again by the names in its signature, and the jar's maker leaves those alone.
 */
record RowResult(ObjectNode columns) {}
