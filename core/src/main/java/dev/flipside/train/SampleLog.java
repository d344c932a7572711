package dev.flipside.train;

import dev.flipside.algo.Feedback;
import dev.flipside.config.Spelling;
import dev.flipside.rollout.Completion;
import dev.flipside.run.SampleFiles;
import java.util.LinkedHashMap;
import java.util.Map;

/** Writes every completion with the numbers that made its loss. */
final class SampleLog {
    private final SampleFiles log;

    SampleLog(SampleFiles log) {
        this.log = log;
    }

    /** Both kinds of samples of a step. */
    void write(Lesson lesson, Graded chosen, PolicyStep update, Step step) {
        if (lesson instanceof Lesson.Taught taught) {
            teaching(step.number(), taught);
        }
        policy(step.number(), chosen, update.advantages());
    }

    /**
     * The samples that taught the reward model: reward, value and advantage of the snapshot, and the label (1, -1, or 0
     * for ambiguous).
     */
    private void teaching(long step, Lesson.Taught taught) {
        RolloutBatch batch = taught.samples().batch();
        Grades before = taught.update().before();
        Feedback feedback = taught.update().feedback();
        for (int p = 0; p < batch.size(); p++) {
            for (int i = 0; i < batch.groupSize(); i++) {
                Map<String, Object> line = line(step, "reward_model", batch, p, i);
                line.put("rm_reward", before.rewards()[p][i]);
                line.put("rm_value", before.values()[p]);
                line.put("rm_advantage", feedback.advantage()[p][i]);
                line.put("label", feedback.label()[p][i]);
                line.put("usable", feedback.usable()[p][i]);
                log.append(line);
            }
        }
    }

    /** The samples that updated the policy. */
    private void policy(long step, Graded chosen, double[] advantages) {
        RolloutBatch batch = chosen.batch();
        for (int p = 0; p < batch.size(); p++) {
            for (int i = 0; i < batch.groupSize(); i++) {
                int place = p * batch.groupSize() + i;
                Map<String, Object> line = line(step, "policy", batch, p, i);
                Map<String, Double> sources = new LinkedHashMap<>();
                chosen.columns().forEach((name, column) -> sources.put(name, column[place]));
                line.put("rewards", sources);
                line.put("reward", chosen.total()[p][i]);
                line.put("advantage", advantages[place]);
                chosen.samples().gold().ifPresent(g -> line.put("gold", g[place]));
                log.append(line);
            }
        }
    }

    private static Map<String, Object> line(long step, String trains, RolloutBatch batch, int prompt, int sample) {
        Completion completion = batch.groups().get(prompt).completions().get(sample);
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("step", step);
        line.put("trains", trains);
        line.put("group", prompt);
        line.put("prompt", batch.prompts().get(prompt).prompt().messages());
        line.put("completion", batch.texts().get(prompt).get(sample));
        line.put("token_ids", completion.ids());
        line.put("logprobs", completion.logprobs());
        line.put("finish_reason", Spelling.of(completion.finishReason()));
        return line;
    }
}
