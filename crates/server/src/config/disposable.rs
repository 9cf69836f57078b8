//! Lists of throw-away mail providers that an operator keeps.

use super::Settings;
use domain::address::{DisposableDomains, InvalidList, LIST_BYTES_MAX};
use std::{fs::File, io::Read as _};

/// The shipped list, or the operator's in its place, with the operator's exceptions from it.
pub(super) fn read(settings: &Settings, complaints: &mut Vec<String>) -> DisposableDomains {
    from_files(|name| settings.text(name), complaints)
}

/// The list as files named by these settings make it. What is allowed counts more than what is denied, so that one
/// file mends the others.
pub(crate) fn from_files<'a>(
    file_of: impl Fn(&str) -> Option<&'a str>,
    complaints: &mut Vec<String>,
) -> DisposableDomains {
    type Step = fn(&DisposableDomains, &str) -> Result<DisposableDomains, InvalidList>;
    let steps: [(&str, Step); 3] = [
        ("mail.disposable_list", |_, list| DisposableDomains::listed(list)),
        ("mail.disposable_deny", DisposableDomains::denying),
        ("mail.disposable_allow", DisposableDomains::allowing),
    ];
    let mut domains = DisposableDomains::default();
    for (name, step) in steps {
        let Some(path) = file_of(name).filter(|path| !path.is_empty()) else { continue };
        let read = contents(path).and_then(|list| step(&domains, &list).map_err(|error| error.to_string()));
        match read {
            Ok(read) => domains = read,
            Err(error) => complaints.push(format!("{name} ({path}): {error}")),
        }
    }
    domains
}

fn contents(path: &str) -> Result<String, String> {
    let mut text = String::new();
    let bytes_max = u64::try_from(LIST_BYTES_MAX).unwrap_or(u64::MAX);
    let file = File::open(path).map_err(|error| error.to_string())?;
    let bytes = file.take(bytes_max + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if bytes > LIST_BYTES_MAX {
        return Err(format!("a list has at most {bytes_max} bytes"));
    }
    Ok(text)
}
