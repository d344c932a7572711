package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.config.ChatTemplateConfig;
import dev.flipside.model.ModelFiles;
import dev.flipside.safetensors.WeightType;
import dev.flipside.text.Conversation;
import dev.flipside.text.Renderer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is saved renders as it was trained, in every folder that a training leaves. */
class SavedTemplateTest {
    private static final Conversation PROMPT = Conversation.ofPrompt("ab");

    /** Reads a variable and a date, and ends a turn with its own token. */
    private static final String TEMPLATE =
            """
            {% set day = strftime_now('%B') | lower %}
            {% for m in messages %}{{ mark }}{{ day }}{{ m.content }}{{ eos_token }}{% endfor %}
            {%- if add_generation_prompt %}{{ mark }}{% endif %}
            """;

    @TempDir
    Path folder;

    private TinyWorld world;
    private Path template;

    @BeforeEach
    void writeWorld() {
        world = new TinyWorld(folder);
        template = world.write("other.jinja", TEMPLATE);
    }

    /** As the run's configuration renders, against what the saved directory says alone. */
    private void assertRendersAsTrained(Path saved) {
        ChatTemplateConfig trained = new ChatTemplateConfig(
                Optional.of(template.toString()), Map.of("mark", "xy"), Optional.of("2025-05-04"));
        String now = rendered(saved, ChatTemplateConfig.defaults());
        assertThat(now).as(saved.toString()).isEqualTo("xymayab</s>xy").isEqualTo(rendered(world.policy(), trained));
        assertThat(Renderers.departure(saved, trained)).isEmpty();
        assertThat(Renderers.toSave(saved, trained)).isEmpty();
    }

    private static String rendered(Path dir, ChatTemplateConfig config) {
        try (Renderer renderer = Renderers.load(dir, config, ModelFiles.open(dir))) {
            return renderer.decode(renderer.prompt(PROMPT));
        }
    }

    private String[] with(String section, String... more) {
        List<String> all = new ArrayList<>(List.of(
                section + ".chat_template=" + template,
                section + ".chat_template_kwargs={mark: xy}",
                section + ".chat_template_date=2025-05-04"));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    @Test
    void aRewardModelGoesOnWhereItsTrainingEnded() {
        Recorder first = new Recorder();
        Path trained = new RewardTrainer(world.rewardTraining(
                        "first", with("reward_model", "training.max_steps=12", "training.learning_rate=0.02")))
                .listener(first)
                .run()
                .folder()
                .resolve("final");
        Recorder second = new Recorder();
        new RewardTrainer(world.rewardTraining("second", "reward_model.model=" + trained))
                .listener(second)
                .run();
        Recorder unlike = new Recorder();
        new RewardTrainer(world.rewardTraining(
                        "unlike",
                        "reward_model.model=" + trained,
                        "reward_model.chat_template="
                                + world.write("bare.jinja", "{% for m in messages %}{{ m.content }}b{% endfor %}")))
                .listener(unlike)
                .run();

        assertRendersAsTrained(trained);
        for (String metric : List.of("eval_rm/accuracy", "eval_rm/margin")) {
            // The same weights and pairs: room for float32 sums in another order.
            assertThat(second.metric(0, metric)).isCloseTo(first.metric(12, metric), within(1e-6));
        }
        assertThat(unlike.metric(0, "eval_rm/margin")).isNotEqualTo(first.metric(12, "eval_rm/margin"));
        assertThat(first.warnings).noneMatch(line -> line.contains("chat_template"));
        assertThat(second.warnings).noneMatch(line -> line.contains("chat_template"));
        assertThat(unlike.warnings).anySatisfy(line -> assertThat(line)
                .startsWith("reward_model.chat_template " + folder.resolve("bare.jinja") + " is another than "
                        + trained.resolve("chat_template.jinja"))
                .contains("chat_template_kwargs mark is not set and was xy")
                .contains("chat_template_date is not set and was 2025-05-04")
                .endsWith("."));
    }

    @Test
    void everyFolderOfARunRendersAsItsConfigurationAndResumesInTheSameBytes() throws IOException {
        List<String> options = new ArrayList<>(Arrays.asList(with("policy")));
        options.addAll(List.of(with("reward_model")));
        options.addAll(List.of(
                "run.max_steps=3",
                "run.rounds=2",
                "run.save_steps=1",
                "run.save_total_limit=9",
                "algorithm.beta=0.1",
                "save.anchor=frozen"));
        Path whole = new SaveTrainer(world.config("whole", options)).run().folder();
        AtomicInteger steps = new AtomicInteger();
        new SaveTrainer(world.config("stopped", options))
                .stopWhen(() -> steps.incrementAndGet() >= 5)
                .run();
        options.add("run.resume=true");
        Recorder resumed = new Recorder();
        Path stopped = new SaveTrainer(world.config("stopped", options))
                .listener(resumed)
                .run()
                .folder();

        RunFiles.assertSameResult(stopped, whole);
        assertThat(resumed.warnings).noneMatch(line -> line.contains("chat_template"));
        List<Path> models = models(whole);
        assertThat(models.stream().map(m -> m.getFileName().toString()).distinct())
                .containsExactlyInAnyOrder("policy", "reward_model", "reference", "initial_reward_model");
        models.forEach(this::assertRendersAsTrained);
    }

    @Test
    void aTemplateThatWasEditedSinceIsToldWhenARunIsResumed() {
        String[] options = with("policy", "run.max_steps=2");
        new SaveTrainer(world.config("edited", options)).stopWhen(() -> true).run();
        world.write("other.jinja", TEMPLATE.replace("add_generation_prompt", "add_generation_prompt and true"));
        Recorder resumed = new Recorder();
        List<String> again = new ArrayList<>(List.of(options));
        again.add("run.resume=true");
        new SaveTrainer(world.config("edited", again)).listener(resumed).run();

        assertThat(resumed.warnings).anySatisfy(line -> assertThat(line)
                .startsWith("policy.chat_template " + template + " is another than ")
                .contains("step-1/policy/chat_template.jinja"));
    }

    @Test
    void adaptersAndWhatTheyAreMergedIntoToo() {
        List<String> options = new ArrayList<>(Arrays.asList(with("policy", "policy.lora={r: 2}")));
        options.addAll(List.of(with("reward_model", "reward_model.lora={r: 2}", "run.max_steps=1")));
        Path run = new SaveTrainer(world.config("adapters", options)).run().folder();

        for (String name : List.of("policy", "reward_model")) {
            assertThat(run.resolve(name).resolve("adapter_config.json")).exists();
            assertRendersAsTrained(run.resolve(name));
            Path merged = folder.resolve("merged-" + name);
            AdapterMerge.merge(run.resolve(name), merged, WeightType.F32);
            assertRendersAsTrained(merged);
        }
    }

    /**
     * A template of the directory's own is kept as the file has it; one in tokenizer_config.json is written there too,
     * for readers of that file.
     */
    @Test
    void onlyWhatTheConfigurationChangesIsWritten() throws IOException {
        Path config = world.policy().resolve("tokenizer_config.json");
        String before = Files.readString(config);
        Files.writeString(
                config,
                before.replaceFirst(
                        "\\{", "{\"chat_template\": [{\"name\": \"default\", \"template\": \"a{{ mark }}\"}], "));
        String named = Files.readString(config);
        Path kept = new SaveTrainer(world.config("kept", "run.max_steps=1"))
                .run()
                .folder()
                .resolve("policy");
        Path said = new SaveTrainer(world.config("said", with("policy", "run.max_steps=1")))
                .run()
                .folder()
                .resolve("policy");

        assertThat(kept.resolve("tokenizer_config.json")).hasContent(named);
        assertThat(kept.resolve("chat_template.jinja")).doesNotExist();
        assertRendersAsTrained(said);
        Files.delete(said.resolve("chat_template.jinja"));
        assertRendersAsTrained(said);
    }

    private static List<Path> models(Path run) {
        try (Stream<Path> paths = Files.walk(run)) {
            return paths.filter(p -> p.endsWith("config.json"))
                    .map(Path::getParent)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
