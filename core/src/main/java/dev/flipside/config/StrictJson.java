package dev.flipside.config;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;

/**
 * JSON as files are read: a key that stands twice is an error, since nobody can say which of the two values is meant.
 */
public final class StrictJson {
    /** For trees and texts; whoever needs more builds upon {@link #builder}. */
    public static final JsonMapper MAPPER = builder().build();

    private StrictJson() {}

    public static JsonMapper.Builder builder() {
        return JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION);
    }
}
