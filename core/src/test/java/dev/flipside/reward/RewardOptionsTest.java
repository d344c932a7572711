package dev.flipside.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.UserError;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RewardOptionsTest {
    static List<RewardFunction> builtIn() {
        return RewardFunctions.builtIn();
    }

    private static AbstractThrowableAssert<?, ?> refusal(String name, Map<String, Object> options) {
        return assertThatThrownBy(() -> RewardFunctions.find(name, options)).isInstanceOf(UserError.class);
    }

    /** What a function lists is what it reads: a map is no value of any option. */
    @ParameterizedTest
    @MethodSource("builtIn")
    void everyOptionOfAFunctionThatIsWrongIsToldAtOnce(RewardFunction function) {
        Map<String, Object> options = new LinkedHashMap<>();
        function.options().forEach(option -> options.put(option.name(), Map.of("a", 1)));
        options.put("nonsense_of_mine", 1);
        refusal(function.name(), options)
                .hasMessageStartingWith("Reward function '" + function.name() + "': ")
                .message()
                .contains(function.options().stream()
                        .map(option -> "option '" + option.name() + "' must be ")
                        .toArray(String[]::new))
                .contains("option 'nonsense_of_mine' is not known; the options are ");
    }

    @ParameterizedTest
    @MethodSource("builtIn")
    void whatIsRequiredIsMissedAndNothingElse(RewardFunction function) {
        List<String> required = function.options().stream()
                .filter(RewardOption::required)
                .map(option -> "option '" + option.name() + "' is missing")
                .toList();
        if (required.isEmpty()) {
            assertThatCode(() -> RewardFunctions.find(function.name(), Map.of()))
                    .doesNotThrowAnyException();
        } else {
            refusal(function.name(), Map.of())
                    .hasMessage("Reward function '" + function.name() + "': " + String.join("; ", required) + ".");
        }
    }

    @Test
    void rangesAndMisspeltNamesAreToldTogether() {
        Map<String, Object> options = new LinkedHashMap<>();
        options.put("max_completion_lenght", 5);
        options.put("cache", -3);
        options.put("loud", true);
        refusal("length", options)
                .hasMessage(
                        "Reward function 'length': option 'max_completion_length' is missing; options 'max_completion_lenght'"
                                + " (did you mean 'max_completion_length'?) and 'loud' are not known; the options are max_completion_length, cache.");
        refusal("http", Map.of("url", "ftp://host", "timeout", 0, "attempts", 0, "concurrency", 0, "batch_size", 0))
                .message()
                .contains(
                        "'url' is not an http or https address: ftp://host",
                        "'timeout' must be between",
                        "'attempts' must be at least 1, not 0",
                        "'concurrency' must be between 1 and 256, not 0",
                        "'batch_size' must be at least 1, not 0");
        refusal("process", Map.of("command", List.of(), "messages", "yes"))
                .message()
                .contains("'command' must be a list of texts such as [a, b]", "'messages' must be true or false");
    }

    @Test
    void addressesWithASecretAreRefusedWithoutShowingIt() {
        for (String url :
                List.of("http://me:hush@host/", "http://host/?key=hush", "http:// hush", "gopher://me:hush@h")) {
            refusal("http", Map.of("url", url)).message().contains("option 'url'");
        }
        for (String url : List.of("http://me:hush@host/", "http://host/?key=hush", "gopher://me:hush@h")) {
            refusal("http", Map.of("url", url)).message().doesNotContain("hush");
        }
    }

    @Test
    void anEmptyVariableForTheTokenIsNamed() {
        refusal("http", Map.of("url", "http://host/", "token_variable", "FLIPSIDE_NO_SUCH_TOKEN"))
                .hasMessageContaining("names the environment variable FLIPSIDE_NO_SUCH_TOKEN, which is empty");
    }

    @Test
    void defaultsAreShownAsAConfigurationWritesThem() {
        assertThat(RewardFunctions.builtIn().stream()
                        .flatMap(function -> function.options().stream())
                        .map(option -> option.name() + "=" + option.shownDefault()))
                .contains("column=answer", "max_penalty=-1", "timeout=60", "loose=false", "pattern=-", "url=required");
    }
}
