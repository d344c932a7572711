package dev.flipside.compare;

import dev.flipside.config.RolloutConfig;
import dev.flipside.config.TaskConfig;
import dev.flipside.config.TrainConfig;
import dev.flipside.engine.Device;
import dev.flipside.model.CausalLm;
import dev.flipside.rollout.SamplingOptions;
import dev.flipside.task.InitialPolicy;
import dev.flipside.task.TaskData;
import dev.flipside.task.TaskFolder;
import dev.flipside.task.TaskMaker;
import dev.flipside.text.Renderer;
import dev.flipside.train.ConfiguredModels;
import dev.flipside.train.Renderers;
import dev.flipside.train.TrainListener;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * The data of a task for a seed's arms; when it was interrupted they are made anew.
 *
 * @param training says how the loop samples
 * @param model the policy that it begins with
 */
record TaskWork(String what, TaskFolder folder, TaskConfig task, long seed, TrainConfig training, Path model)
        implements ComparisonWork {
    /** A pair is about two groups of four completions without a backward pass; a step of the loop is 26 units. */
    @Override
    public long units() {
        return Math.max(1, task.allPairs() / 3);
    }

    @Override
    public boolean finished() {
        return folder.holds(settings());
    }

    private Map<String, Object> settings() {
        return TaskFolder.settings(task, seed, model.toString(), sampling());
    }

    private SamplingOptions sampling() {
        RolloutConfig rollout = training.rollout();
        return new SamplingOptions(
                task.temperature().orElse(rollout.temperature()),
                rollout.topP(),
                rollout.topK(),
                rollout.minP(),
                rollout.repetitionPenalty(),
                task.maxCompletionLength().orElse(rollout.maxCompletionLength()),
                false,
                rollout.stop());
    }

    @Override
    public boolean run(TrainListener listener, BooleanSupplier stop) {
        listener.phase("task data", task.allPairs());
        Device device = Device.parse(training.run().device());
        try (CausalLm lm = CausalLm.constant(
                        model, device, ConfiguredModels.precision(training.run().dtype(), device));
                Renderer renderer = Renderers.load(model, training.policy().template(), lm.files())) {
            InitialPolicy policy = new InitialPolicy(
                    lm,
                    renderer,
                    sampling(),
                    training.rollout().suppressTokens(),
                    training.data().systemPrompt());
            Optional<TaskData> data = new TaskMaker(task, seed).make(policy, listener::progress, stop);
            data.ifPresent(made -> folder.write(made, settings()));
            return data.isPresent();
        }
    }
}
