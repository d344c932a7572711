package dev.flipside.hub;

import dev.flipside.config.UserError;
import java.net.http.HttpHeaders;

/**
 * A final no of the Hub, in the user's words. Without a token the Hub answers 401 to what is private and to what does
 * not exist alike; the header {@code X-Error-Code} says more.
 */
record Refusal(HubSettings settings, HubName name, String wanted, int status, HttpHeaders headers, String body) {
    private static final int SHOWN = 300;

    UserError error() {
        String repo = name.repo().toString();
        String page = settings.endpoint() + "/" + name.repo().page();
        boolean known = settings.token().authorization().isPresent();
        String code = headers.firstValue("X-Error-Code").orElse("");
        if (code.equals("GatedRepo")) {
            return new UserError(
                    known
                            ? repo + " is gated and the account of your token has no access to it (HTTP " + status
                                    + "): accept its licence at " + page
                                    + " with that account, or wait for the approval."
                            : repo + " is gated: accept its licence at " + page
                                    + " with your account, and set HF_TOKEN to an access token of that account.");
        }
        if (code.equals("RevisionNotFound")) {
            return new UserError(repo + " has no branch, tag or commit '" + name.revision() + "'; " + page
                    + "/tree/main lists them.");
        }
        if (code.equals("EntryNotFound")) {
            return new UserError(repo + " has no " + wanted + " at revision " + name.revision() + "; " + page
                    + "/tree/main lists its files.");
        }
        if (status == 401 && known) {
            return new UserError("The Hub at " + settings.endpoint() + " does not accept your token for " + repo
                    + " (HTTP 401): set HF_TOKEN to a valid one, or unset it for what is public.");
        }
        if (status == 401 || status == 404) {
            return new UserError(
                    "There is no " + repo + " at " + settings.endpoint() + ", or it is private: check the name"
                            + (known
                                    ? "; your token may not see it."
                                    : ", or set HF_TOKEN to an access token of an account that may see it."));
        }
        if (status == 403) {
            return new UserError("The Hub at " + settings.endpoint() + " forbids " + wanted + " of " + repo
                    + " (HTTP 403" + said() + "): use a token with that right in HF_TOKEN.");
        }
        return new UserError("The Hub at " + settings.endpoint() + " refuses " + wanted + " of " + repo + " (HTTP "
                + status + said() + ").");
    }

    private String said() {
        String text =
                headers.firstValue("X-Error-Message").filter(m -> !m.isBlank()).orElse(body);
        String line = settings.token().hideIn(text).strip().replaceAll("\\s+", " ");
        String shown = line.length() <= SHOWN ? line : line.substring(0, SHOWN) + "...";
        return shown.isEmpty() ? "" : ": " + shown;
    }
}
