//! Which passwords are accepted: long enough, and not one of those everybody tries first. No classes of
//! characters are asked for (NIST SP 800-63B 3.1.1.2).

use crate::secret::Secret;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// Fewest characters.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// Most characters.
pub const PASSWORD_CHARS_MAX: usize = 128;

/// Common passwords of twelve characters and more, lower case, one a line.
const COMMON: &str = include_str!("common.txt");

/// The rule a password breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRule {
    /// Fewer than [`PASSWORD_CHARS_MIN`] characters.
    #[error("a password has at least {PASSWORD_CHARS_MIN} characters")]
    TooShort,
    /// More than [`PASSWORD_CHARS_MAX`] characters.
    #[error("a password has at most {PASSWORD_CHARS_MAX} characters")]
    TooLong,
    /// Control characters can't be typed again.
    #[error("a password holds no control characters")]
    ControlCharacter,
    /// Among the first that are tried.
    #[error("this password is among the first that are tried; choose another")]
    Common,
}

/// Checks a new password.
pub fn check_password(password: &Secret<String>) -> Result<(), PasswordRule> {
    // More than the longest accepted password can't become shorter in what follows.
    if password.reveal().chars().nth(PASSWORD_CHARS_MAX).is_some() {
        return Err(PasswordRule::TooLong);
    }
    let password: Zeroizing<String> = Zeroizing::new(password.reveal().nfkc().collect());
    if password.chars().any(char::is_control) {
        return Err(PasswordRule::ControlCharacter);
    }
    match password.chars().count() {
        ..PASSWORD_CHARS_MIN => return Err(PasswordRule::TooShort),
        PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX => {}
        _ => return Err(PasswordRule::TooLong),
    }
    let lower = Zeroizing::new(password.to_lowercase());
    if is_one_piece_repeated(&lower) || COMMON.lines().any(|common| common == lower.as_str()) {
        return Err(PasswordRule::Common);
    }
    Ok(())
}

/// `aaaaaaaaaaaa`, `abcabcabcabc`, `passpasspass`: a piece of at most four characters over and over.
fn is_one_piece_repeated(password: &str) -> bool {
    let chars: Zeroizing<Vec<char>> = Zeroizing::new(password.chars().collect());
    (1..=4).any(|piece| chars.iter().zip(chars.iter().skip(piece)).all(|(one, next)| one == next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_characters() {
        let check = |text: String| check_password(&Secret::new(text));
        assert_eq!(check("short one".to_owned()), Err(PasswordRule::TooShort));
        assert_eq!(check("elf zeichen".to_owned()), Err(PasswordRule::TooShort));
        assert_eq!(check("zwölf Zeichä".to_owned()), Ok(()));
        assert_eq!(check("0123456789ab".repeat(11)[..128].to_owned()), Ok(()));
        assert_eq!(check("0123456789ab".repeat(11)[..129].to_owned()), Err(PasswordRule::TooLong));
        // One ligature becomes three letters before it is counted.
        assert_eq!(check("\u{fb03}x".repeat(60)), Err(PasswordRule::TooLong));
    }

    #[test]
    fn what_everybody_tries_first_is_refused() {
        let check = |text: &str| check_password(&Secret::new(text.to_owned()));
        for common in ["password1234", "QwertyUiop123", "123456789012", "aaaaaaaaaaaaaa", "abcdabcdabcdab"] {
            assert_eq!(check(common), Err(PasswordRule::Common), "{common}");
        }
        assert_eq!(check("a line\nbreak in it"), Err(PasswordRule::ControlCharacter));
        assert_eq!(check("abcdeabcdeabcde"), Ok(()));
    }

    #[test]
    fn the_list_holds_only_what_the_other_rules_let_pass() {
        for common in COMMON.lines() {
            assert!(common.chars().count() >= PASSWORD_CHARS_MIN, "{common}");
            assert_eq!(common, common.to_lowercase());
        }
    }
}
