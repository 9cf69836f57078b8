//! Commands of clients (RFC 5321, section 4.1).

/// What a client wants.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command<'a> {
    Ehlo,
    Helo,
    /// From anybody; the parameters stand behind the path.
    Mail {
        parameters: &'a str,
    },
    Rcpt {
        recipient: &'a str,
        parameters: &'a str,
    },
    Data,
    Rset,
    Noop,
    Quit,
    Vrfy,
    /// A command that exists elsewhere.
    Unavailable,
    /// A command that exists here, wrongly put.
    Malformed,
    Unknown,
}

impl<'a> Command<'a> {
    /// From a line without its end.
    pub(super) fn parse(line: &'a [u8]) -> Self {
        let Ok(line) = std::str::from_utf8(line) else { return Self::Malformed };
        if line.contains(|c: char| c.is_control() && c != '\t') {
            return Self::Malformed;
        }
        let line = line.trim_end();
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let bare = |command| if rest.is_empty() { command } else { Self::Malformed };
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" if !rest.is_empty() => Self::Ehlo,
            "HELO" if !rest.is_empty() => Self::Helo,
            "MAIL" => {
                path(rest, "FROM:").map_or(Self::Malformed, |(_, parameters)| Self::Mail { parameters })
            }
            "RCPT" => path(rest, "TO:")
                .map_or(Self::Malformed, |(recipient, parameters)| Self::Rcpt { recipient, parameters }),
            "DATA" => bare(Self::Data),
            "RSET" => bare(Self::Rset),
            "NOOP" => Self::Noop,
            "QUIT" => bare(Self::Quit),
            "VRFY" => Self::Vrfy,
            "AUTH" | "STARTTLS" | "EXPN" | "HELP" | "ETRN" | "BDAT" | "TURN" | "SEND" => Self::Unavailable,
            "EHLO" | "HELO" => Self::Malformed,
            _ => Self::Unknown,
        }
    }
}

/// `FROM:<path> parameters`, also with a blank before the path, which some clients send.
fn path<'a>(rest: &'a str, keyword: &str) -> Option<(&'a str, &'a str)> {
    let (given, rest) = rest.split_at_checked(keyword.len())?;
    let rest = rest.trim_start().strip_prefix('<').filter(|_| given.eq_ignore_ascii_case(keyword))?;
    let (path, parameters) = rest.rsplit_once('>')?;
    let is_apart = parameters.is_empty() || parameters.starts_with(' ');
    is_apart.then_some((path, parameters.trim()))
}

/// What is wrong with the parameters of MAIL.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    TooBig,
    Unknown,
}

/// The sender tells a size (RFC 1870), a kind of body (RFC 6152) or addresses beyond ASCII (RFC 6531).
pub(super) fn check_parameters(parameters: &str, bytes_max: usize) -> Result<(), Unfit> {
    for parameter in parameters.split_ascii_whitespace() {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match (name.to_ascii_uppercase().as_str(), value.to_ascii_uppercase().as_str()) {
            ("SIZE", size) if !size.is_empty() && size.bytes().all(|byte| byte.is_ascii_digit()) => {
                // What is no number of ours is larger than any.
                if size.parse::<usize>().map_or(true, |size| size > bytes_max) {
                    return Err(Unfit::TooBig);
                }
            }
            ("BODY", "7BIT" | "8BITMIME") | ("SMTPUTF8", "") => {}
            _ => return Err(Unfit::Unknown),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_in_any_letter_case() {
        assert_eq!(Command::parse(b"ehlo relay"), Command::Ehlo);
        assert_eq!(Command::parse(b"mail from:<> SIZE=1"), Command::Mail { parameters: "SIZE=1" });
        assert_eq!(Command::parse(b"Rcpt To: <a@b>"), Command::Rcpt { recipient: "a@b", parameters: "" });
        assert_eq!(Command::parse(b"MAIL FROM:<\"a>b\"@c>"), Command::Mail { parameters: "" });
        assert_eq!(Command::parse(b"quit "), Command::Quit);
        assert_eq!(Command::parse(b"AUTH PLAIN AGEAYg=="), Command::Unavailable);
        assert_eq!(Command::parse(b"GET / HTTP/1.1"), Command::Unknown);
    }

    #[test]
    fn what_is_wrongly_put_is_malformed() {
        for line in [
            &b"MAIL FROM:a@b"[..],
            b"MAIL <a@b>",
            b"RCPT FROM:<a@b>",
            b"RCPT TO:<a@b",
            b"RCPT TO:<a@b>x",
            b"RCPT",
            b"EHLO",
            b"DATA now",
            b"NOOP \xff",
            b"NOOP \0",
            b"RCPT TO:<a@b>\r DATA",
        ] {
            assert_eq!(Command::parse(line), Command::Malformed, "{}", line.escape_ascii());
        }
    }

    #[test]
    fn parameters_are_those_that_were_offered() {
        assert_eq!(check_parameters("SIZE=10 body=8bitmime SMTPUTF8", 10), Ok(()));
        assert_eq!(check_parameters("SIZE=11", 10), Err(Unfit::TooBig));
        assert_eq!(check_parameters("SIZE=99999999999999999999999", 10), Err(Unfit::TooBig));
        for bad in ["SIZE=", "SIZE=-1", "BODY=BINARYMIME", "AUTH=<>", "RET=HDRS"] {
            assert_eq!(check_parameters(bad, 10), Err(Unfit::Unknown), "{bad}");
        }
    }
}
