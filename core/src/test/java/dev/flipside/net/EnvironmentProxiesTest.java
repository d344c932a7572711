package dev.flipside.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.UserError;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EnvironmentProxiesTest {
    private static Proxy of(String uri, Map<String, String> environment) {
        return new EnvironmentProxies(environment).select(URI.create(uri)).get(0);
    }

    private static String port(Proxy proxy) {
        return proxy == Proxy.NO_PROXY ? "direct" : ((InetSocketAddress) proxy.address()).getPort() + "";
    }

    @Test
    void eachSchemeHasItsProxyAndExceptionsGoDirect() {
        Map<String, String> environment = Map.of(
                "https_proxy", "http://127.0.0.1:1",
                "HTTP_PROXY", "127.0.0.1:2",
                "NO_PROXY", "localhost, .corp.example,*.lab.example,127.0.0.1:8080");
        assertThat(port(of("https://huggingface.co/x", environment))).isEqualTo("1");
        assertThat(port(of("http://mirror.example/x", environment))).isEqualTo("2");
        assertThat(port(of("http://localhost:9/x", environment))).isEqualTo("direct");
        assertThat(port(of("https://hub.corp.example/x", environment))).isEqualTo("direct");
        assertThat(port(of("https://corp.example/x", environment))).isEqualTo("direct");
        assertThat(port(of("https://a.lab.example/x", environment))).isEqualTo("direct");
        assertThat(port(of("https://notcorp.example/x", environment))).isEqualTo("1");
        assertThat(port(of("http://127.0.0.1:8080/x", environment))).isEqualTo("direct");
        assertThat(port(of("http://127.0.0.1:8081/x", environment))).isEqualTo("2");
        assertThat(port(of("https://a.example", Map.of("ALL_PROXY", "http://127.0.0.1:3"))))
                .isEqualTo("3");
        assertThat(port(of("https://a.example", Map.of("ALL_PROXY", "http://127.0.0.1:3", "no_proxy", "*"))))
                .isEqualTo("direct");
        assertThat(port(of("https://a.example", Map.of()))).isEqualTo("direct");
    }

    @Test
    void aProxyThatCannotBeUsedIsToldWithoutItsPassword() {
        for (String value : new String[] {"http://me:secret@127.0.0.1:1", "socks5://127.0.0.1:1", "http://a b"}) {
            assertThatThrownBy(() -> of("https://a.example", Map.of("HTTPS_PROXY", value)))
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining("HTTPS_PROXY")
                    .message()
                    .doesNotContain("secret");
        }
    }
}
