package dev.flipside.gguf;

import dev.flipside.config.UserError;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model in one GGUF file or in the parts that llama.cpp's gguf-split makes ({@code NAME-00001-of-00003.gguf}); the
 * first part has all metadata.
 */
final class GgufModel {
    private static final Pattern PART = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.gguf");

    private final Metadata metadata;
    private final Map<String, GgufTensor> tensors;

    private GgufModel(Metadata metadata, Map<String, GgufTensor> tensors) {
        this.metadata = metadata;
        this.tensors = Collections.unmodifiableMap(tensors);
    }

    /**
     * Reads the headers.
     *
     * @param file the file, or any part of a split one
     * @throws UserError naming the file that is missing, damaged or not supported
     */
    static GgufModel open(Path file) {
        Matcher part = PART.matcher(String.valueOf(file.getFileName()));
        Path first = part.matches() ? part(file, part, 1) : file;
        GgufFile header = GgufFile.read(first);
        Map<String, GgufTensor> tensors = new LinkedHashMap<>();
        add(header, tensors);
        int parts = header.metadata().natural("split.count").orElse(1);
        if (parts > 1) {
            if (!part.matches() || Integer.parseInt(part.group(3)) != parts) {
                throw new UserError(
                        first + ": is one of " + parts + " parts and is not named so; give the parts their names"
                                + " back, such as NAME-" + String.format("00001-of-%05d", parts) + ".gguf.");
            }
            for (int i = 2; i <= parts; i++) {
                addPart(part(file, part, i), i, tensors);
            }
        }
        OptionalInt promised = header.metadata().natural("split.tensors.count");
        if (promised.isPresent() && promised.getAsInt() != tensors.size()) {
            throw new UserError(first + ": promises " + promised.getAsInt() + " tensors and its parts hold "
                    + tensors.size() + "; copy or download them again.");
        }
        return new GgufModel(header.metadata(), tensors);
    }

    private static Path part(Path file, Matcher name, int number) {
        return file.resolveSibling(String.format("%s-%05d-of-%s.gguf", name.group(1), number, name.group(3)));
    }

    private static void addPart(Path file, int number, Map<String, GgufTensor> tensors) {
        GgufFile header = GgufFile.read(file);
        int stored = header.metadata().requiredNatural("split.no");
        if (stored != number - 1) {
            throw new UserError(file + ": says that it is part " + (stored + 1) + " of the model, not " + number
                    + "; copy or download the parts again.");
        }
        add(header, tensors);
    }

    private static void add(GgufFile header, Map<String, GgufTensor> tensors) {
        for (GgufTensor tensor : header.tensors()) {
            if (tensors.put(tensor.name(), tensor) != null) {
                throw new UserError(tensor.file() + ": holds the tensor " + tensor.name()
                        + ", which an earlier part holds too; copy or download the parts again.");
            }
        }
    }

    /** The metadata of the only or first file. */
    Metadata metadata() {
        return metadata;
    }

    Path file() {
        return metadata.file();
    }

    Collection<GgufTensor> tensors() {
        return tensors.values();
    }

    boolean has(String tensor) {
        return tensors.containsKey(tensor);
    }

    Optional<GgufTensor> tensor(String name) {
        return Optional.ofNullable(tensors.get(name));
    }

    /** @throws UserError when there is none of that name */
    GgufTensor requiredTensor(String name) {
        return tensor(name)
                .orElseThrow(() -> new UserError(file() + ": the tensor " + name
                        + " is missing; the file is incomplete, copy or download it again."));
    }
}
