use std::{fs::File, io::Read as _, path::Path, path::PathBuf};

use informer_oauth_http::{Brand as HttpBrand, Colour, DEFAULT_COLOUR, DEFAULT_NAME, Logo, MAX_LOGO_BYTES};
use serde::{Deserialize, Serialize};

use super::Problems;

/// `brand.*`: whose service people see.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Brand {
    /// What pages call the service whose accounts people have.
    pub(crate) name: String,
    /// The colour of buttons and links, `#rrggbb`.
    pub(crate) colour: String,
    /// A picture, PNG, WebP or SVG; the built-in one when there is none.
    pub(crate) logo_file: Option<PathBuf>,
}

impl Default for Brand {
    fn default() -> Self {
        Self {
            name: DEFAULT_NAME.into(),
            colour: DEFAULT_COLOUR.into(),
            logo_file: None,
        }
    }
}

impl Brand {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if let Err(wrong) = self.read() {
            problems.append(wrong);
        }
    }

    /// What the pages need of it, with the logo as it is in its file now.
    pub(crate) fn read(&self) -> Result<HttpBrand, Problems> {
        let mut problems = Problems::default();
        let colour: Option<Colour> = match self.colour.parse() {
            Ok(colour) => Some(colour),
            Err(error) => {
                problems.add("brand.colour", error);
                None
            }
        };
        let logo = self.logo_file.as_deref().and_then(|path| match logo(path) {
            Ok(logo) => Some(logo),
            Err(error) => {
                problems.add("brand.logo_file", format_args!("{}: {error}", path.display()));
                None
            }
        });
        // The name is judged even where the colour is none.
        let colour_or_default = colour.or_else(|| DEFAULT_COLOUR.parse().ok());
        let brand = colour_or_default.map(|colour| HttpBrand::new(&self.name, colour, logo));
        match brand {
            Some(Ok(brand)) if problems.is_empty() => return Ok(brand),
            Some(Err(error)) => problems.add("brand.name", error),
            _ => {}
        }
        Err(problems)
    }
}

/// Reads no more than a logo may have.
fn logo(path: &Path) -> anyhow::Result<Logo> {
    let file = File::open(path)?;
    anyhow::ensure!(file.metadata()?.is_file(), "is no file");
    let mut bytes = Vec::new();
    let most = u64::try_from(MAX_LOGO_BYTES).unwrap_or(u64::MAX);
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(Logo::read(bytes)?)
}
