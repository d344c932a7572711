package dev.flipside.cli.dashboard;

import com.sun.net.httpserver.HttpExchange;
import dev.flipside.config.UserError;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Who may see and change what. The token is needed for every change, and beyond this machine to read, too.
 *
 * <p>Not a record, because a record prints what it holds.
 */
final class Access {
    /** Holds the token where the page is to be reached from elsewhere. */
    static final String VARIABLE = "FLIPSIDE_DASHBOARD_TOKEN";

    private static final int SHORTEST = 16;
    private static final Pattern TOKEN = Pattern.compile("[\\w.~-]+");
    private static final Pattern LITERAL = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}|\\[[0-9a-f:.]+]");

    private final String token;
    private final Optional<String> host;

    private Access(String token, Optional<String> host) {
        this.token = token;
        this.host = host;
    }

    /**
     * With the token of the environment, or a new one where only this machine is served.
     *
     * @param host that was named beside this machine's own; empty for none
     * @param given of the environment variable {@link #VARIABLE}
     * @throws UserError when a host is given without a token, or the token is too short or no part of an address
     */
    static Access of(Optional<String> host, Optional<String> given) {
        Optional<String> token = given.filter(text -> !text.isEmpty());
        if (host.isPresent() && token.isEmpty()) {
            throw new UserError("--host " + host.get() + " shows the runs to other machines, which needs a token: set "
                    + VARIABLE + " to a secret of at least " + SHORTEST + " characters, or leave --host out.");
        }
        token.ifPresent(text -> {
            if (text.length() < SHORTEST || !TOKEN.matcher(text).matches()) {
                throw new UserError(VARIABLE + " must have at least " + SHORTEST
                        + " letters, digits or any of . _ ~ - (it is not shown here); choose another secret.");
            }
        });
        return new Access(token.orElseGet(Access::random), host);
    }

    private static String random() {
        byte[] bytes = new byte[24];
        new SecureRandom().nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /** The part of the page's address that browsers do not send. */
    String fragment() {
        return "#token=" + token;
    }

    /** Whether a request has the token. */
    boolean hasToken(HttpExchange exchange) {
        String sent = Optional.ofNullable(exchange.getRequestHeaders().getFirst("Authorization"))
                .orElse("");
        return MessageDigest.isEqual(
                ("Bearer " + token).getBytes(StandardCharsets.UTF_8), sent.getBytes(StandardCharsets.UTF_8));
    }

    /** Whether reading needs the token: beyond this machine. */
    boolean readsNeedToken() {
        return host.isPresent();
    }

    /**
     * Whether the address that the browser used is this server's. A page elsewhere whose name was made to lead here
     * (DNS rebinding) is refused: its name is another one. An address in numbers cannot be made to lead elsewhere.
     */
    boolean isOurs(HttpExchange exchange) {
        String sent = Optional.ofNullable(exchange.getRequestHeaders().getFirst("Host"))
                .orElse("")
                .toLowerCase(Locale.ROOT);
        String name = sent.replaceFirst(":\\d{1,5}$", "");
        return name.equals("localhost")
                || LITERAL.matcher(name).matches()
                || host.filter(h -> h.toLowerCase(Locale.ROOT).equals(name)).isPresent();
    }

    @Override
    public String toString() {
        return "a token that is not shown";
    }
}
