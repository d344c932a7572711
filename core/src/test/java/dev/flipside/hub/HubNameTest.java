package dev.flipside.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.UserError;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HubNameTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "org/name, main, -, -",
                "org/name@v1.0, v1.0, -, -",
                "org/name@refs/pr/3, refs/pr/3, -, -",
                "org/name:test, main, -, test",
                "org/name:main/test, main, main, test",
                "org/name@refs/convert/parquet:en-de/train_sft, refs/convert/parquet, en-de, train_sft",
            })
    void aNameHasUpToFiveParts(String text, String revision, String config, String split) {
        HubName name = HubName.require(RepoType.DATASET, text);
        assertThat(name.repo().id()).isEqualTo("org/name");
        assertThat(name.revision()).isEqualTo(revision);
        assertThat(name.config()).isEqualTo(Optional.ofNullable(config));
        assertThat(name.split()).isEqualTo(Optional.ofNullable(split));
        assertThat(name).hasToString(text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "name",
                "/org/name",
                "org/name/x",
                "org//name",
                "../name",
                "org/..",
                "-org/name",
                "org/na--me",
                "org/name.git",
                "org/name.",
                "~/name",
                "data/x.parquet",
                "data/x.JSONL",
                "org/na me",
                ""
            })
    void anythingElseIsAPath(String text) {
        assertThat(HubName.parse(RepoType.DATASET, text)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "org/name@../x",
                "org/name@a..b",
                "org/name@/x",
                "org/name:a/b/c",
                "org/name:../x",
                "org/name:/x",
                "org/name@x:"
            })
    void aWrongRevisionOrSplitIsAnError(String text) {
        if (text.endsWith(":")) {
            assertThat(HubName.parse(RepoType.DATASET, text)).isEmpty();
        } else {
            assertThatThrownBy(() -> HubName.parse(RepoType.DATASET, text)).isInstanceOf(UserError.class);
        }
    }

    @Test
    void theFolderOfARepositoryTellsItsName() {
        Repo repo = new Repo(RepoType.DATASET, "org/some-name_2.1");
        assertThat(repo.folder()).isEqualTo("datasets--org--some-name_2.1");
        assertThat(Repo.ofFolder(repo.folder())).contains(repo);
        assertThat(Repo.ofFolder("models")).isEmpty();
    }

    /** The order and the defaults of huggingface_hub's constants. */
    @Test
    void theEnvironmentIsHuggingFaces() throws Exception {
        HubSettings plain = HubSettings.of(Map.of("HOME", folder.toString()));
        assertThat(plain.endpoint()).hasToString("https://huggingface.co");
        assertThat(plain.cache()).isEqualTo(folder.resolve(".cache/huggingface/hub"));
        assertThat(plain.token().authorization()).isEmpty();
        assertThat(plain.offline()).isFalse();

        Files.writeString(folder.resolve("token"), "hf_fromfile\n");
        HubSettings home = HubSettings.of(Map.of("HF_HOME", folder.toString(), "HF_HUB_OFFLINE", "1"));
        assertThat(home.cache()).isEqualTo(folder.resolve("hub"));
        assertThat(home.token().authorization()).contains("Bearer hf_fromfile");
        assertThat(home.offline()).isTrue();

        HubSettings all = HubSettings.of(Map.of(
                "HF_HOME", folder.toString(),
                "HOME", "/home/me",
                "HF_HUB_CACHE", "~/models",
                "HF_TOKEN", "hf_own",
                "HF_ENDPOINT", "http://localhost:8080/",
                "HF_HUB_OFFLINE", "0"));
        assertThat(all.cache()).isEqualTo(Path.of("/home/me/models"));
        assertThat(all.token().authorization()).contains("Bearer hf_own");
        assertThat(all.endpoint()).hasToString("http://localhost:8080");
        assertThat(all.offline()).isFalse();
        assertThat(all.toString()).doesNotContain("hf_own");

        assertThatThrownBy(() -> HubSettings.of(Map.of("HF_ENDPOINT", "huggingface.co")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("HF_ENDPOINT: 'huggingface.co'");
    }
}
