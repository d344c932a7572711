package dev.flipside.hub;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** A process that pulls the test's model, to be killed. */
final class KilledPull {
    private KilledPull() {}

    public static void main(String[] arguments) {
        Map<String, String> environment = Map.of(
                "HF_ENDPOINT",
                arguments[0],
                "HF_HUB_CACHE",
                Path.of(arguments[1]).toString());
        new Hub(HubSettings.of(environment), TransferListener.NONE).pull(TestHub.NAME, Patterns.NONE, Optional.empty());
    }
}
