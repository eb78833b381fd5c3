//! A page of documentation as steps.

use std::{fs, path::Path};

/// A fenced block.
pub(crate) struct Block {
    pub(crate) language: String,
    pub(crate) text: String,
}

/// Something to do or to look at.
pub(crate) enum Step {
    /// What the service printed at its first start.
    Start { line: usize, shown: String },
    /// The service is restarted.
    Restart,
    /// A block is run and prints what is shown.
    Run {
        line: usize,
        script: String,
        shown: Option<Block>,
    },
}

/// A page in the order in which a reader follows it.
pub(crate) struct Page {
    pub(crate) steps: Vec<Step>,
}

enum Part {
    Comment(String),
    Block(usize, Block),
}

impl Page {
    /// Reads a page by its name in the workspace.
    pub(crate) fn read(workspace: &Path, name: &str) -> Self {
        let text = fs::read_to_string(workspace.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self::parse(name, &text)
    }

    fn parse(name: &str, text: &str) -> Self {
        let mut steps = Vec::new();
        let mut comment: Option<String> = None;
        let mut answers_are_shown = false;
        for part in parts(text) {
            match part {
                Part::Comment(text) if text == "restart" => steps.push(Step::Restart),
                Part::Comment(text) => {
                    answers_are_shown = false;
                    comment = Some(text);
                }
                Part::Block(line, block) => match (block.language.as_str(), comment.take()) {
                    ("sh", Some(text)) if text.starts_with("not run: ") => answers_are_shown = false,
                    ("sh", _) => {
                        steps.push(Step::Run {
                            line,
                            script: block.text,
                            shown: None,
                        });
                        answers_are_shown = true;
                    }
                    ("text", Some(text)) if text == "start" => {
                        steps.push(Step::Start {
                            line,
                            shown: block.text,
                        });
                    }
                    ("json" | "http" | "text", _) if answers_are_shown => {
                        if let Some(Step::Run { shown, .. }) = steps.last_mut() {
                            *shown = Some(block);
                        }
                        answers_are_shown = false;
                    }
                    ("json" | "http", _) => panic!("{name}:{line}: an answer to nothing that was run"),
                    _ => answers_are_shown = false,
                },
            }
        }
        Self { steps }
    }
}

fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut open: Option<(usize, Block)> = None;
    for (number, line) in (1..).zip(text.lines()) {
        if let Some((_, block)) = &mut open {
            if line.trim_end() == "```" {
                parts.extend(open.take().map(|(line, block)| Part::Block(line, block)));
            } else {
                block.text.push_str(line);
                block.text.push('\n');
            }
        } else if let Some(language) = line.strip_prefix("```") {
            let block = Block {
                language: language.trim().to_owned(),
                text: String::new(),
            };
            open = Some((number, block));
        } else if let Some(comment) = line
            .trim()
            .strip_prefix("<!--")
            .and_then(|rest| rest.strip_suffix("-->"))
        {
            parts.push(Part::Comment(comment.trim().to_owned()));
        }
    }
    assert!(open.is_none(), "a block is not closed");
    parts
}

#[test]
fn a_page_is_read_in_order_with_its_answers() {
    let text = "# T\n```sh\na\n```\nwords\n```json\n1\n```\n<!-- restart -->\n```sh\nb\n```\n<!-- not run: slow -->\n```sh\nc\n```\n```text\nx\n```\n";
    let steps = Page::parse("t", text).steps;
    assert!(matches!(&steps[0], Step::Run { line: 2, script, shown: Some(shown) }
            if script == "a\n" && shown.language == "json" && shown.text == "1\n"));
    assert!(matches!(steps[1], Step::Restart));
    assert!(matches!(&steps[2], Step::Run { script, shown: None, .. } if script == "b\n"));
    assert_eq!(steps.len(), 3);
}
