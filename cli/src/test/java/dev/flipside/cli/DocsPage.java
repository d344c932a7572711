package dev.flipside.cli;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.BreakIterator;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.commonmark.ext.gfm.tables.TableCell;
import org.commonmark.ext.gfm.tables.TableRow;
import org.commonmark.ext.gfm.tables.TablesExtension;
import org.commonmark.node.AbstractVisitor;
import org.commonmark.node.Code;
import org.commonmark.node.CustomNode;
import org.commonmark.node.FencedCodeBlock;
import org.commonmark.node.HardLineBreak;
import org.commonmark.node.Heading;
import org.commonmark.node.Image;
import org.commonmark.node.IndentedCodeBlock;
import org.commonmark.node.Link;
import org.commonmark.node.Node;
import org.commonmark.node.Paragraph;
import org.commonmark.node.SoftLineBreak;
import org.commonmark.node.Text;
import org.commonmark.parser.IncludeSourceSpans;
import org.commonmark.parser.Parser;

/**
 * A page of Markdown as a reader meets it: its sentences, its source lines, where it links to and what it shows as
 * code.
 *
 * @param path where it lies, from the project's root
 * @param lines its source
 * @param passages its paragraphs and the cells of its tables, each as text by source line; a span of code is one word
 * @param links the destinations of links and pictures
 * @param anchors what a link to a heading of this page says behind {@code #}, as GitHub makes it
 * @param code the spans of code
 * @param blocks the blocks of code
 */
record DocsPage(
        Path path,
        List<String> lines,
        List<Passage> passages,
        List<String> links,
        Set<String> anchors,
        List<String> code,
        List<Block> blocks) {
    /** The project's root; Surefire runs in the module's folder. */
    static final Path ROOT = Path.of("..");

    private static final int LONGEST_SENTENCE = 35;
    private static final int LONGEST_LINE = 120;
    private static final Parser PARSER = Parser.builder()
            .extensions(List.of(TablesExtension.create()))
            .includeSourceSpans(IncludeSourceSpans.BLOCKS)
            .build();
    private static final Pattern WORD = Pattern.compile("\\S*[\\p{L}\\p{N}]\\S*");
    /** A destination and an address cannot be broken into lines. */
    private static final Pattern UNBREAKABLE = Pattern.compile("(?<=\\])\\([^)]*\\)|https?://\\S+");
    /** What is no letter, digit, underscore, hyphen or space is left out of an anchor. */
    private static final Pattern NOT_IN_ANCHORS = Pattern.compile("[^\\p{L}\\p{N}_\\- ]");

    /** @param cell whether it stands in a table, whose rows are one line each */
    record Passage(int line, boolean cell, String text) {}

    /** @param language what follows the fence, such as {@code bash} */
    record Block(String language, String text) {}

    /**
     * README.md, CONTRIBUTING.md and SECURITY.md, the pages of docs/, and those beside examples and evidence; not
     * CHANGELOG.md.
     */
    static List<DocsPage> all() throws IOException {
        List<Path> found = new ArrayList<>();
        for (String name : List.of("README.md", "CONTRIBUTING.md", "SECURITY.md")) {
            found.add(ROOT.resolve(name));
        }
        for (String folder : List.of("docs", "examples", "evidence")) {
            try (Stream<Path> files = Files.walk(ROOT.resolve(folder))) {
                files.filter(file -> file.toString().endsWith(".md")
                                && !file.toString().contains("target"))
                        .sorted()
                        .forEach(found::add);
            }
        }
        List<DocsPage> pages = new ArrayList<>();
        for (Path file : found) {
            pages.add(read(file));
        }
        return pages;
    }

    private static DocsPage read(Path file) throws IOException {
        return of(ROOT.relativize(file), Files.readString(file));
    }

    /** A page of a path from the project's root. */
    static DocsPage of(Path path, String source) {
        DocsPage page = new DocsPage(
                path,
                source.lines().toList(),
                new ArrayList<>(),
                new ArrayList<>(),
                new LinkedHashSet<>(),
                new ArrayList<>(),
                new ArrayList<>());
        PARSER.parse(source).accept(page.new Reader());
        return page;
    }

    /** Sentences of more than 35 words, in paragraphs, lists and cells of tables. */
    List<String> longSentences() {
        List<String> found = new ArrayList<>();
        for (Passage passage : passages) {
            for (String sentence : sentences(passage.text)) {
                long words = WORD.matcher(sentence).results().count();
                if (words > LONGEST_SENTENCE) {
                    found.add(path + ":" + passage.line + ": " + words + " words: " + sentence);
                }
            }
        }
        return found;
    }

    /**
     * Source lines of more than 120 characters; the lines of tables and of code, destinations of links and addresses do
     * not count.
     */
    List<String> longLines() {
        Set<Integer> others = new LinkedHashSet<>();
        PARSER.parse(String.join("\n", lines)).accept(new AbstractVisitor() {
            @Override
            public void visit(FencedCodeBlock block) {
                skip(block);
            }

            @Override
            public void visit(IndentedCodeBlock block) {
                skip(block);
            }

            @Override
            public void visit(CustomNode node) {
                if (node instanceof TableRow) {
                    skip(node);
                }
                visitChildren(node);
            }

            private void skip(Node node) {
                node.getSourceSpans().forEach(span -> others.add(span.getLineIndex()));
            }
        });
        List<String> found = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = UNBREAKABLE.matcher(lines.get(i)).replaceAll("");
            if (!others.contains(i) && line.length() > LONGEST_LINE) {
                found.add(path + ":" + (i + 1) + ": " + line.length() + " characters");
            }
        }
        return found;
    }

    /** Source lines, outside of tables, in which one sentence ends and another begins. */
    List<String> crowdedLines() {
        List<String> found = new ArrayList<>();
        for (Passage passage : passages) {
            String[] parts = passage.text.split("\n");
            for (int i = 0; !passage.cell && i < parts.length; i++) {
                if (sentences(parts[i]).size() > 1) {
                    found.add(path + ":" + (passage.line + i) + ": " + parts[i]);
                }
            }
        }
        return found;
    }

    private static List<String> sentences(String text) {
        BreakIterator breaks = BreakIterator.getSentenceInstance(Locale.ENGLISH);
        String line = text.replace('\n', ' ');
        breaks.setText(line);
        List<String> found = new ArrayList<>();
        int begin = breaks.first();
        for (int end = breaks.next(); end != BreakIterator.DONE; begin = end, end = breaks.next()) {
            found.add(line.substring(begin, end).strip());
        }
        return found;
    }

    /** Links to files and headings of this project that are not there. */
    List<String> brokenLinks(Map<Path, DocsPage> pages) {
        List<String> found = new ArrayList<>();
        for (String link : links) {
            URI target = URI.create(link.replace(" ", "%20"));
            if (target.getScheme() == null) {
                String file = target.getPath();
                Path there = file.isEmpty()
                        ? path
                        : ROOT.relativize(
                                ROOT.resolve(path).resolveSibling(file).normalize());
                boolean missing = !file.isEmpty() && !Files.exists(ROOT.resolve(there));
                String heading = target.getFragment();
                if (heading != null) {
                    missing |= !pages.containsKey(there)
                            || !pages.get(there).anchors.contains(heading);
                }
                if (missing) {
                    found.add(path + ": " + link);
                }
            }
        }
        return found;
    }

    /** Collects what is on the page. */
    private final class Reader extends AbstractVisitor {
        private final Map<String, Integer> headings = new HashMap<>();

        @Override
        public void visit(Paragraph paragraph) {
            keep(paragraph, false);
            visitChildren(paragraph);
        }

        @Override
        public void visit(CustomNode node) {
            if (node instanceof TableCell) {
                keep(node, true);
            }
            visitChildren(node);
        }

        private void keep(Node node, boolean cell) {
            // A cell has no place of its own.
            Node placed = cell ? node.getParent() : node;
            int line = placed.getSourceSpans().get(0).getLineIndex() + 1;
            passages.add(new Passage(line, cell, text(node, false)));
        }

        @Override
        public void visit(Heading heading) {
            String anchor = NOT_IN_ANCHORS
                    .matcher(text(heading, true).toLowerCase(Locale.ROOT))
                    .replaceAll("")
                    .replace(' ', '-');
            int before = headings.merge(anchor, 1, Integer::sum) - 1;
            anchors.add(before == 0 ? anchor : anchor + "-" + before);
            visitChildren(heading);
        }

        @Override
        public void visit(Link link) {
            links.add(link.getDestination());
            visitChildren(link);
        }

        @Override
        public void visit(Image image) {
            links.add(image.getDestination());
            visitChildren(image);
        }

        @Override
        public void visit(Code span) {
            code.add(span.getLiteral());
        }

        @Override
        public void visit(FencedCodeBlock block) {
            blocks.add(new Block(block.getInfo(), block.getLiteral()));
        }

        @Override
        public void visit(IndentedCodeBlock block) {
            blocks.add(new Block("", block.getLiteral()));
        }
    }

    /** @param spelt whether a span of code is its text instead of one word */
    private static String text(Node node, boolean spelt) {
        StringBuilder text = new StringBuilder();
        node.accept(new AbstractVisitor() {
            @Override
            public void visit(Text part) {
                text.append(part.getLiteral());
            }

            @Override
            public void visit(Code part) {
                text.append(spelt ? part.getLiteral() : "Code");
            }

            @Override
            public void visit(SoftLineBreak part) {
                text.append('\n');
            }

            @Override
            public void visit(HardLineBreak part) {
                text.append('\n');
            }
        });
        return text.toString();
    }
}
