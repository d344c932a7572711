package dev.flipside.cli.machine;

import dev.flipside.cli.console.Numbers;
import dev.flipside.cli.console.Table;
import dev.flipside.cli.machine.CallProfile.Kind;
import dev.flipside.cli.machine.CallProfile.Sample;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Shares of the samples of a {@link CallProfile}, by what was done and by where. */
record CallShares(List<Sample> samples) {
    /** Places with less are summed up. */
    private static final double LEAST = 0.01;

    private static final List<String> HEADER = List.of("where", "of the time", "in products");

    /**
     * A place's shares of all samples.
     *
     * @param products of them in products of matrices
     */
    private record Place(String name, double share, double products) {}

    private double share(Kind kind) {
        return share(samples.stream().filter(s -> s.kind() == kind).count());
    }

    private double share(long count) {
        return samples.isEmpty() ? 0 : (double) count / samples.size();
    }

    private List<Place> places() {
        Map<String, List<Sample>> byPlace = samples.stream().collect(Collectors.groupingBy(Sample::place));
        return byPlace.entrySet().stream()
                .map(e -> place(e.getKey(), e.getValue()))
                .sorted(Comparator.comparingDouble(Place::share).reversed().thenComparing(Place::name))
                .toList();
    }

    private Place place(String name, List<Sample> of) {
        long products = of.stream().filter(s -> s.kind() == Kind.PRODUCT).count();
        return new Place(name, share(of.size()), share(products));
    }

    Map<String, Object> object() {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("samples", samples.size());
        object.put("products", share(Kind.PRODUCT));
        object.put("other_native", share(Kind.OTHER_NATIVE));
        object.put("java", share(Kind.JAVA));
        Map<String, Object> places = new LinkedHashMap<>();
        places().forEach(p -> places.put(p.name, Map.of("share", p.share, "products", p.products)));
        object.put("places", places);
        return object;
    }

    String text() {
        List<List<String>> rows = new ArrayList<>();
        List<Place> places = places();
        places.stream().filter(p -> p.share >= LEAST).forEach(p -> rows.add(row(p)));
        List<Place> small = places.stream().filter(p -> p.share < LEAST).toList();
        if (!small.isEmpty()) {
            rows.add(row(new Place(
                    "other places",
                    small.stream().mapToDouble(Place::share).sum(),
                    small.stream().mapToDouble(Place::products).sum())));
        }
        return String.format(
                        "%s in products of matrices, %s in other native calls, %s in Java (%d samples)%n",
                        percent(share(Kind.PRODUCT)),
                        percent(share(Kind.OTHER_NATIVE)),
                        percent(share(Kind.JAVA)),
                        samples.size())
                + new Table(HEADER, rows).render();
    }

    private static List<String> row(Place place) {
        return List.of(place.name, percent(place.share), percent(place.products));
    }

    private static String percent(double share) {
        return Numbers.fixed(100 * share, 1) + " %";
    }
}
