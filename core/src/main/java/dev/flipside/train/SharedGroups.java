package dev.flipside.train;

import dev.flipside.rollout.Completion;
import dev.flipside.rollout.FinishReason;
import dev.flipside.rollout.Group;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Groups that each rank samples for its part of the prompts, and all ranks get. */
final class SharedGroups {
    private SharedGroups() {}

    /**
     * One group per prompt.
     *
     * @param prompts token ids; the same on all ranks
     * @param sample is not asked about no prompts
     */
    static List<Group> of(Ranks ranks, List<int[]> prompts, Function<Ranks.Part, List<Group>> sample) {
        if (ranks.collective().size() == 1) {
            return sample.apply(ranks.part(prompts.size()));
        }
        List<Group> groups = new ArrayList<>();
        for (byte[] bytes : ranks.bytes(prompts.size(), own -> encoded(sample.apply(own)))) {
            decode(bytes, prompts, groups);
        }
        return groups;
    }

    private static byte[] encoded(List<Group> groups) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeInt(groups.size());
            for (Group group : groups) {
                out.writeInt(group.completions().size());
                for (Completion completion : group.completions()) {
                    write(completion, out);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static void write(Completion completion, DataOutputStream out) throws IOException {
        out.writeInt(completion.ids().length);
        for (int t = 0; t < completion.ids().length; t++) {
            out.writeInt(completion.ids()[t]);
            out.writeDouble(completion.logprobs()[t]);
        }
        out.writeDouble(completion.logKeptMass());
        out.writeInt(completion.finishReason().ordinal());
    }

    private static void decode(byte[] bytes, List<int[]> prompts, List<Group> into) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            int groups = in.readInt();
            for (int g = 0; g < groups; g++) {
                List<Completion> completions = new ArrayList<>();
                int size = in.readInt();
                for (int i = 0; i < size; i++) {
                    completions.add(read(in));
                }
                into.add(new Group(prompts.get(into.size()), completions));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Completion read(DataInputStream in) throws IOException {
        int[] ids = new int[in.readInt()];
        double[] logprobs = new double[ids.length];
        for (int t = 0; t < ids.length; t++) {
            ids[t] = in.readInt();
            logprobs[t] = in.readDouble();
        }
        return new Completion(ids, logprobs, in.readDouble(), FinishReason.values()[in.readInt()]);
    }
}
