package dev.flipside.hub;

import dev.flipside.config.UserError;
import dev.flipside.run.Durable;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.function.LongConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One file from the Hub, into a file that is complete and checked in the end.
 *
 * <p>What an earlier attempt has left is continued with a range request, in this process or in a later one. What has
 * another hash than the Hub names is deleted and fetched whole once more, since the beginning may have been another
 * program's; then it is an error.
 *
 * @param name whose revision is a commit
 */
record Download(HubHttp http, HubName name, HubFile file) {
    private static final int BUFFER_BYTES = 1 << 18;
    private static final Pattern CONTENT_RANGE = Pattern.compile("bytes (\\d+)-.*");

    /**
     * Fetches the file's content into {@code incomplete}, which is synced.
     *
     * @param progress told how much of the file is there
     * @throws UserError when the content is wrong, the disk refuses it or the Hub does
     * @throws HubUnavailableException when the connection stays away; what has come is kept
     */
    void into(Path incomplete, LongConsumer progress) {
        Patience patience = new Patience(http.settings(), file.path() + " of " + name.repo());
        boolean secondTry = false;
        while (true) {
            try {
                transfer(incomplete, patience, progress);
            } catch (IOException e) {
                patience.after(e);
                continue;
            }
            String found = Hashes.like(file.hash().orElseThrow(), incomplete);
            if (found.equals(file.hash().orElseThrow())) {
                return;
            }
            delete(incomplete);
            if (secondTry) {
                throw new UserError(
                        file.path() + " of " + name.repo() + " arrives with the hash " + found
                                + " where the Hub names " + file.hash().orElseThrow()
                                + ", twice; nothing of it was kept. Something between changes it, or the file there is damaged: try another network or mirror (HF_ENDPOINT), or tell the repository's owner.");
            }
            secondTry = true;
            progress.accept(0);
        }
    }

    private void transfer(Path incomplete, Patience patience, LongConsumer progress) throws IOException {
        long have = there(incomplete);
        progress.accept(have);
        if (have == file.size() && have > 0) {
            return;
        }
        Map<String, String> headers = have == 0
                ? Map.of("Accept-Encoding", "identity")
                : Map.of("Accept-Encoding", "identity", "Range", "bytes=" + have + "-");
        HttpResponse<InputStream> response;
        try {
            response = http.send(name, file.path(), HubRequest.read("GET", address(), headers));
        } catch (RangeRefused e) {
            delete(incomplete);
            throw e;
        }
        try (InputStream body = response.body();
                StallGuard guard = new StallGuard(body, http.settings().timeout())) {
            // A server that ignores the range sends the whole file.
            long from = response.statusCode() == 206 ? begins(response.headers(), have) : 0;
            long end = append(body, incomplete, from, patience, guard, progress);
            guard.check();
            if (file.size() >= 0 && end < file.size()) {
                throw new IOException("the connection ended after " + end + " of " + file.size() + " bytes");
            }
        }
    }

    /** How much of the file a server that honours the range sends from. */
    private static long begins(HttpHeaders headers, long have) throws IOException {
        Matcher range =
                CONTENT_RANGE.matcher(headers.firstValue("Content-Range").orElse(""));
        if (!range.matches() || Long.parseLong(range.group(1)) != have) {
            throw new IOException("the server sent another part of the file than it was asked for");
        }
        return have;
    }

    private long append(
            InputStream body, Path incomplete, long from, Patience patience, StallGuard guard, LongConsumer progress)
            throws IOException {
        try (FileChannel out = open(incomplete, from)) {
            byte[] buffer = new byte[BUFFER_BYTES];
            long at = from;
            // One byte more than there should be is enough to know that the content is wrong.
            long most = file.size() < 0 ? Long.MAX_VALUE : file.size() + 1;
            for (int read = body.read(buffer); read >= 0 && at < most; read = body.read(buffer)) {
                write(out, buffer, read, incomplete);
                at += read;
                patience.renew();
                guard.progress();
                progress.accept(at);
            }
            sync(out, incomplete);
            return at;
        }
    }

    private URI address() {
        return http.settings()
                .at(name.repo().page() + "/resolve/" + Addresses.encoded(name.revision()) + "/"
                        + Addresses.path(file.path()));
    }

    private long there(Path incomplete) {
        try {
            long size = Files.exists(incomplete) ? Files.size(incomplete) : 0;
            if (file.size() >= 0 && size > file.size()) {
                delete(incomplete);
                return 0;
            }
            return size;
        } catch (IOException e) {
            throw Durable.refused("read", incomplete, e);
        }
    }

    // The disk's refusals are told apart from the network's: trying again does not mend them.

    private static FileChannel open(Path incomplete, long from) {
        try {
            Files.createDirectories(incomplete.getParent());
            FileChannel out = FileChannel.open(incomplete, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            out.truncate(from);
            out.position(from);
            return out;
        } catch (IOException e) {
            throw Durable.refused("write", incomplete, e);
        }
    }

    private static void write(FileChannel out, byte[] bytes, int count, Path incomplete) {
        try {
            ByteBuffer buffer = ByteBuffer.wrap(bytes, 0, count);
            while (buffer.hasRemaining()) {
                out.write(buffer);
            }
        } catch (IOException e) {
            throw Durable.refused("write", incomplete, e);
        }
    }

    private static void sync(FileChannel out, Path incomplete) {
        try {
            out.force(true);
        } catch (IOException e) {
            throw Durable.refused("write", incomplete, e);
        }
    }

    private static void delete(Path incomplete) {
        try {
            Files.deleteIfExists(incomplete);
        } catch (IOException e) {
            throw Durable.refused("delete", incomplete, e);
        }
    }
}
