package dev.flipside.train;

import dev.flipside.config.AnchorConfig.Anchor;
import dev.flipside.engine.AdamW;
import dev.flipside.model.RewardModel;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The reward model stays as it is, or there is none: plain GRPO, RLOO or GSPO.
 *
 * @param judge empty when functions alone grade; closed by the run
 * @param anchor the configured one, which nothing reads
 */
record Frozen(Optional<Grader> judge, Anchor anchor) implements RewardModelLearner {
    @Override
    public boolean samplesAgain(long step) {
        return false;
    }

    @Override
    public void follow(Course course) {}

    @Override
    public Lesson improve(Drawn drawn, Step step) {
        return new Lesson.None(new PolicySamples.Ungraded(drawn.samples()));
    }

    @Override
    public RoundStart start() {
        return new RoundStart(anchor, 0, Map.of());
    }

    @Override
    public Map<String, RewardModel> models() {
        return judge.map(g -> Map.of(CheckpointFiles.REWARD_MODEL, g.model())).orElse(Map.of());
    }

    @Override
    public List<AdamW> optimisers() {
        return List.of();
    }

    @Override
    public Optional<GateState> gate() {
        return Optional.empty();
    }

    @Override
    public void restoreGate(GateState state) {
        throw new IllegalStateException("a frozen reward model has no gate");
    }

    @Override
    public void settle() {}

    @Override
    public void close() {}
}
