package dev.flipside.eval.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.UserError;
import dev.flipside.net.ApiKey;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JudgeEndpointTest {
    @ParameterizedTest
    @ValueSource(strings = {"api.openai.com/v1", "ftp://host/v1", "http://", "no url", "https://me:secret@host/v1"})
    void aWrongAddressIsTold(String url) {
        assertThatThrownBy(() -> JudgeEndpoint.of(url, "m", ApiKey.of("K", Optional.empty()), Duration.ofSeconds(1)))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("The judge's URL")
                .hasMessageNotContaining("secret");
    }

    @Test
    void theAddressMayEndInAnyUsualWay() {
        for (String url : List.of("http://h/v1", "http://h/v1/", "http://h/v1/chat/completions")) {
            JudgeEndpoint endpoint =
                    JudgeEndpoint.of(url, "m", ApiKey.of("K", Optional.empty()), Duration.ofSeconds(1));
            assertThat(endpoint.chatCompletions()).isEqualTo(URI.create("http://h/v1/chat/completions"));
        }
    }
}
