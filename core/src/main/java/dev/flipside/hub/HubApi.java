package dev.flipside.hub;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.UserError;
import dev.flipside.hub.HubHttp.Page;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** What the Hub knows of a repository. */
record HubApi(HubHttp http) {
    /** A repository of this many pages of files is not one that anything here reads. */
    private static final int MOST_PAGES = 1000;

    /** The commit that a branch or tag is now. */
    String commit(HubName name) {
        URI uri = http.settings().at(name.repo().api() + "/revision/" + Addresses.encoded(name.revision()));
        String commit = http.json(name, "the commit of " + name, HubRequest.get(uri))
                .json()
                .path("sha")
                .asText("");
        if (!HubName.isCommit(commit)) {
            throw new UserError("The server at " + http.settings().endpoint() + " names no commit for " + name
                    + ", so it is no Hub; check HF_ENDPOINT.");
        }
        return commit;
    }

    /** All files of a commit. */
    Listing listing(HubName name) {
        List<HubFile> files = new ArrayList<>();
        Optional<URI> next = Optional.of(http.settings()
                .at(name.repo().api() + "/tree/" + Addresses.encoded(name.revision()) + "?recursive=true"));
        for (int pages = 0; next.isPresent() && pages < MOST_PAGES; pages++) {
            Page page = http.json(name, "the list of files of " + name, HubRequest.get(next.get()));
            if (!page.json().isArray()) {
                throw new UserError("The server at " + http.settings().endpoint() + " lists no files for " + name
                        + ", so it is no Hub; check HF_ENDPOINT.");
            }
            files.addAll(Listing.ofTree(name, page.json()));
            next = page.next();
        }
        return new Listing(files);
    }

    /**
     * The file with its hash, asked for where the listing does not say: mirrors may list less than the Hub.
     *
     * @throws UserError when the server does not say it either
     */
    HubFile withHash(HubName name, HubFile file) {
        if (file.hash().isPresent()) {
            return file;
        }
        URI uri = http.settings()
                .at(name.repo().page() + "/resolve/" + Addresses.encoded(name.revision()) + "/"
                        + Addresses.path(file.path()));
        HubRequest request = HubRequest.read("HEAD", uri, Map.of("Accept-Encoding", "identity"));
        Patience patience = new Patience(http.settings(), file.path() + " of " + name.repo());
        while (true) {
            try {
                HttpResponse<InputStream> response = http.sendWithinEndpoint(name, file.path(), request);
                response.body().close();
                return file.withHash(
                        hash(response.headers())
                                .orElseThrow(
                                        () -> new UserError(
                                                "The server at "
                                                        + http.settings().endpoint() + " names no hash of "
                                                        + file.path() + " of "
                                                        + name.repo()
                                                        + " (no usable ETag or X-Linked-Etag), so what it sends could not be checked; check HF_ENDPOINT.")));
            } catch (IOException e) {
                patience.after(e);
            }
        }
    }

    /** Of a large file the ETag is that of the host it is on, and X-Linked-Etag its hash. */
    private static Optional<String> hash(HttpHeaders headers) {
        UnaryOperator<String> bare = etag -> etag.replaceFirst("^W/", "").replace("\"", "");
        return headers.firstValue("X-Linked-Etag")
                .or(() -> headers.firstValue("ETag"))
                .map(bare)
                .filter(HubFile::isHash);
    }

    /** Facts of a repository, such as {@code private} and {@code gated}. */
    JsonNode info(HubName name) {
        return http.json(
                        name,
                        "the state of " + name.repo(),
                        HubRequest.get(http.settings().at(name.repo().api())))
                .json();
    }
}
