/**
 * Models and datasets of the Hugging Face Hub, by name.
 *
 * <ul>
 *   <li>{@link dev.flipside.hub.HubInputs}: the one place where a path or a name becomes a path.
 *       {@link dev.flipside.hub.HubName} is a name, of a {@link dev.flipside.hub.Repo}.
 *   <li>{@link dev.flipside.hub.Hub}: from the cache, else from the Hub. {@code HubCache} is the layout that is shared
 *       with Python, {@code Listing} the files of a commit; {@code FileChoice} chooses those of a model,
 *       {@code DatasetFiles} with {@code DatasetCard} those of a dataset; {@link dev.flipside.hub.Patterns} by hand.
 *   <li>{@code Puller} brings files to a {@code Destination}; {@code Download} is one file, with resume and check
 *       ({@code Hashes}); {@code FileLocks} keeps two pulls from one file.
 *   <li>{@link dev.flipside.hub.Push}: a directory becomes a commit. {@code PushFiles} says which files,
 *       {@code LargeFiles} uploads them, {@link dev.flipside.hub.ModelCard} describes them.
 *   <li>{@code HubApi} asks, {@code HubHttp} sends {@code HubRequest}s, {@code Patience} tries again,
 *       {@code StallGuard} ends what has stopped; {@code Refusal} words a no,
 *       {@link dev.flipside.hub.HubUnavailableException} is a Hub that cannot be reached.
 *   <li>{@link dev.flipside.hub.HubSettings}: the environment variables. {@link dev.flipside.hub.HubSource}: what a
 *       path in the cache was. {@link dev.flipside.hub.TransferListener}: progress.
 * </ul>
 */
package dev.flipside.hub;
