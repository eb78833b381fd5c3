use std::process::ExitCode;

use serde::Serialize;
use serde_json::Value;

use crate::{
    cli::ConfigCommand,
    config::{Loaded, show},
    output::{Output, table},
};

#[derive(Serialize)]
struct Checked {
    ok: bool,
    file: Option<String>,
}

pub(crate) fn run(loaded: &Loaded, command: &ConfigCommand, out: Output) -> anyhow::Result<ExitCode> {
    match command {
        // What is wrong was said while it was loaded.
        ConfigCommand::Check => {
            let file = loaded.file.as_ref().map(|file| file.display().to_string());
            out.print(&Checked { ok: true, file }, |checked| match &checked.file {
                Some(file) => format!("the configuration is fine (file {file})"),
                None => "the configuration is fine (no file)".into(),
            })?;
        }
        ConfigCommand::Show => out.print(&show(loaded), |settings| {
            table(
                ["key", "value", "source"],
                settings
                    .iter()
                    .map(|setting| [setting.key.clone(), text(&setting.value), setting.source.clone()]),
            )
        })?,
    }
    Ok(ExitCode::SUCCESS)
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
