package dev.flipside.compare;

import dev.flipside.config.ComparisonConfig.Judge;
import dev.flipside.config.TrainConfig;
import dev.flipside.train.PolicyJudge;
import dev.flipside.train.TrainListener;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;

/** An independent reward model's opinion of an arm's final policy. */
record JudgeWork(String what, Path folder, long seed, String arm, TrainConfig config, Judge judge, long units)
        implements ComparisonWork {
    @Override
    public boolean finished() {
        return Files.isRegularFile(ComparisonDirectory.judgement(folder, seed, arm));
    }

    /** One pass over the held-out prompts: too short to be stopped. */
    @Override
    public boolean run(TrainListener listener, BooleanSupplier stop) {
        listener.phase("judge", 1);
        ComparisonDirectory.writeJudgement(folder, seed, arm, PolicyJudge.judge(config, judge, listener));
        listener.progress(1);
        return true;
    }
}
