//! Every link from a document to a file of this repository leads somewhere, and the Rust that a page shows is compiled.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::workspace;

/// Every Markdown file that people read: those at the top, and all below `docs` and `deploy`.
fn documents() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![workspace().join("docs"), workspace().join("deploy")];
    collect(&workspace(), &mut found, &mut Vec::new());
    while let Some(folder) = folders.pop() {
        collect(&folder, &mut found, &mut folders);
    }
    found.sort();
    found
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>, folders: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            folders.push(path);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

/// The text outside fenced blocks.
fn prose(text: &str) -> String {
    let mut fenced = false;
    text.lines()
        .filter(|line| {
            let fence = line.trim_start().starts_with("```");
            fenced ^= fence;
            !fenced && !fence
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// The targets of `[text](target)`.
fn targets(text: &str) -> Vec<String> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.to_owned())
        .collect()
}

/// The anchors of a document's headings, as GitHub makes them.
fn anchors(text: &str) -> Vec<String> {
    prose(text)
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            line.trim_start_matches('#')
                .trim()
                .to_lowercase()
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
                .map(|c| if c == ' ' { '-' } else { c })
                .collect()
        })
        .collect()
}

#[test]
fn every_link_to_a_file_or_heading_leads_somewhere() {
    let documents = documents();
    assert!(documents.iter().any(|path| path.ends_with("docs/README.md")));
    let (mut seen, mut broken) = (0, Vec::new());
    for document in documents {
        let text = fs::read_to_string(&document).unwrap();
        for target in targets(&prose(&text)) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            seen += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let path = if file.is_empty() {
                document.clone()
            } else {
                document.parent().unwrap().join(file)
            };
            let there = path.exists()
                && (anchor.is_empty()
                    || fs::read_to_string(&path).is_ok_and(|text| anchors(&text).iter().any(|a| a == anchor)));
            if !there {
                broken.push(format!("{}: {target}", document.display()));
            }
        }
    }
    assert!(seen > 20, "only {seen} links were found");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_page_is_reached_from_the_index() {
    let index = fs::read_to_string(workspace().join("docs/README.md")).unwrap();
    let linked = targets(&index);
    for entry in fs::read_dir(workspace().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_page = name != "README.md" && Path::new(&name).extension().is_some_and(|extension| extension == "md");
        assert!(
            !is_page || linked.contains(&name),
            "docs/README.md does not link {name}"
        );
    }
}

/// The pages whose Rust is part of files that are compiled.
const WITH_RUST: [&str; 2] = ["docs/embedding.md", "docs/writing-an-adapter.md"];

/// A block that is part of a file, and that file: `<!-- from: FILE -->` stands before it.
fn quotations(page: &str) -> Vec<(String, String)> {
    let text = fs::read_to_string(workspace().join(page)).unwrap();
    let mut found = Vec::new();
    for language in ["rust", "toml"] {
        let fence = format!("```{language}\n");
        for (at, _) in text.match_indices(&fence) {
            let (before, rest) = (&text[..at], &text[at + fence.len()..]);
            let (block, _) = rest.split_once("```").unwrap();
            let file = before
                .trim_end()
                .rsplit_once("<!-- from: ")
                .and_then(|(_, file)| file.strip_suffix(" -->"));
            match file {
                Some(file) => found.push((file.to_owned(), block.to_owned())),
                None => assert_ne!(
                    language, "rust",
                    "{page}: this block does not say where it is from:\n{block}"
                ),
            }
        }
    }
    found
}

#[test]
fn the_rust_that_is_shown_stands_in_files_that_are_compiled() {
    for page in WITH_RUST {
        let quotations = quotations(page);
        assert!(!quotations.is_empty(), "there is no Rust in {page}");
        for (file, block) in quotations {
            let source = fs::read_to_string(workspace().join(&file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            for part in block.split("// …\n") {
                assert!(
                    source.contains(part.trim_matches('\n')),
                    "{page}: {file} does not contain\n{part}"
                );
            }
        }
    }
}

#[test]
fn the_guide_to_an_adapter_leaves_nothing_of_it_out() {
    let adapter = "crates/examples/file-codes/src/lib.rs";
    let shown: Vec<String> = quotations("docs/writing-an-adapter.md")
        .into_iter()
        .filter(|(file, _)| file == adapter)
        .flat_map(|(_, block)| block.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let source = fs::read_to_string(workspace().join(adapter)).unwrap();
    let missing: Vec<&str> = source
        .lines()
        .filter(|line| !line.starts_with("//!") && !shown.iter().any(|other| other == line))
        .collect();
    assert!(missing.is_empty(), "not in the guide:\n{}", missing.join("\n"));
}
