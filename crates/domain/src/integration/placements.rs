//! Placement types: the portal's own, and the names other systems and forms have for them.

/// A placement type and its other names, all compared by letters and digits alone, in any case.
struct Type {
    canonical: &'static str,
    aliases: &'static [&'static str],
}

/// The portal's form, its API's enum, then Canvas, Moodle and 1EdTech names of the same place.
const TYPES: [Type; 13] = [
    Type { canonical: "course_tool", aliases: &["Application", "course_home_sub_navigation"] },
    Type {
        canonical: "course_content_tool",
        aliases: &["ContentHandler", "content tool", "ContentArea", "activity_chooser"],
    },
    Type {
        canonical: "deep_linking_content_tool",
        aliases: &[
            "ContentItemMessage",
            "deep linking",
            "deep linking tool",
            "link_selection",
            "resource_selection",
            "assignment_selection",
            "editor_button",
            "RichTextEditor",
        ],
    },
    Type { canonical: "system_tool", aliases: &["System"] },
    Type { canonical: "administrator", aliases: &["administrator tool", "account_navigation"] },
    Type { canonical: "ultra_extension", aliases: &["UltraUI", "ultra extension framework"] },
    Type { canonical: "base_navigation", aliases: &["global_navigation", "user_navigation"] },
    Type { canonical: "course_navigation", aliases: &["course_settings_sub_navigation"] },
    Type { canonical: "proctoring", aliases: &["proctoring tool"] },
    Type { canonical: "cloud_document", aliases: &["collaboration"] },
    Type { canonical: "asset_processor", aliases: &["ActivityAssetProcessor"] },
    Type { canonical: "open_badge_provider", aliases: &[] },
    Type { canonical: "eula_launch", aliases: &["eula"] },
];

/// The canonical type a spelling means.
pub fn canonical(typed: &str) -> Option<&'static str> {
    let wanted = squash(typed);
    let means = |kind: &&Type| {
        std::iter::once(&kind.canonical).chain(kind.aliases).any(|name| squash(name) == wanted)
    };
    TYPES.iter().find(means).map(|kind| kind.canonical)
}

/// Every canonical type, in the order they are shown.
pub fn all() -> impl Iterator<Item = &'static str> {
    TYPES.iter().map(|kind| kind.canonical)
}

/// Every name with the canonical type it means, for proposals.
pub(super) fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    TYPES.iter().flat_map(|kind| {
        std::iter::once(&kind.canonical).chain(kind.aliases).map(|name| (*name, kind.canonical))
    })
}

/// Letters and digits in lower case: `Course tool`, `course_tool` and `CourseTool` are one.
pub(super) fn squash(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
