package com.example.flipside;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.eval.policy.TaskResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainAndScoreTest {
    @TempDir
    Path folder;

    @Test
    void policyBecomesKinderAndRewardModelPrefersKindWords() throws IOException {
        TrainAndScore.Outcome outcome = TrainAndScore.run(folder, System.out::println);
        // 4 of the 17 words are kind, so the untrained model says about a quarter; 256 samples of 12 words make chance
        // differences of more than 0.05 impossible in practice.
        assertThat(outcome.kindBefore()).isBetween(0.1, 0.4);
        assertThat(outcome.kindAfter()).isGreaterThan(outcome.kindBefore() + 0.2);
        assertThat(outcome.kindScore()).isGreaterThan(outcome.rudeScore());
        assertThat(folder.resolve("save/policy/model.safetensors")).exists();
        assertThat(Files.readString(folder.resolve("save/reward_model/config.json")))
                .contains("LlamaForSequenceClassification");

        TaskResult marked = MarkAnswers.run(folder.resolve("save/policy"), folder.resolve("answers"));
        assertThat(marked.metrics().get("kind").total().of()).isEqualTo(8);
        assertThat(marked.metrics().get("kind").total().hits())
                .isGreaterThan(MarkAnswers.run(folder.resolve("model"), folder.resolve("answers-before"))
                        .metrics()
                        .get("kind")
                        .total()
                        .hits());
        // What is answered is kept: the policy is not asked again.
        assertThat(Files.readAllLines(folder.resolve("answers/answers.jsonl"))).hasSize(8);
        assertThat(MarkAnswers.run(folder.resolve("save/policy"), folder.resolve("answers")))
                .isEqualTo(marked);
        assertThat(Files.readAllLines(folder.resolve("answers/answers.jsonl"))).hasSize(8);
    }
}
