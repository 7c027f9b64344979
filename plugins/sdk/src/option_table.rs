//! The options of a plugin as a table of its documentation.

use crate::options::{OptionKind, OptionRole, OptionSpec};

const BEGIN: &str = "<!-- options: begin -->\n";
const END: &str = "<!-- options: end -->";

/// A Markdown document with the table of these options between `<!-- options: begin -->` and `<!-- options: end -->`;
/// none when it lacks these lines. A plugin's test compares the result with the document, so that what is written is
/// what `describe` says.
#[must_use]
pub fn with_option_table(document: &str, options: &[OptionSpec]) -> Option<String> {
    let (before, rest) = document.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    let rows: String = options.iter().map(row).collect();
    let head = "| option | type | default | meaning |\n|---|---|---|---|\n";
    Some(format!("{before}{BEGIN}{head}{rows}{END}{after}"))
}

fn row(option: &OptionSpec) -> String {
    let default = match (&option.default, option.required) {
        (Some(default), _) => format!("`{default}`"),
        (None, true) => "required".to_owned(),
        (None, false) => String::new(),
    };
    let ignored = option.ignored.as_ref().map_or_else(String::new, |why| format!(" Has no effect: {why}."));
    let text = format!("{}{ignored}", option.summary).replace('|', "\\|");
    format!("| `{}` | {} | {default} | {text} |\n", option.name, kind(option))
}

fn kind(option: &OptionSpec) -> String {
    let kind = match option.kind {
        OptionKind::Text => "text",
        OptionKind::Integer => "integer",
        OptionKind::Floating => "number",
        OptionKind::Boolean => "boolean",
        OptionKind::Duration => "duration",
        OptionKind::Size => "size",
        OptionKind::Choice => return option.choices.join(", "),
    };
    match option.role {
        OptionRole::Secret => format!("{kind}, secret"),
        _ => kind.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_stands_between_its_lines_and_nothing_else_changes() {
        let option = OptionSpec {
            name: "access-key".to_owned(),
            kind: OptionKind::Text,
            role: OptionRole::Secret,
            summary: "One | or the other.".to_owned(),
            required: true,
            default: None,
            choices: Vec::new(),
            minimum: None,
            maximum: None,
            ignored: Some("there is none".to_owned()),
        };
        let document = format!("# A plugin\n{BEGIN}old\n{END}\nafter");
        let expected = format!(
            "# A plugin\n{BEGIN}| option | type | default | meaning |\n|---|---|---|---|\n\
             | `access-key` | text, secret | required | One \\| or the other. Has no effect: there is none. |\n{END}\nafter"
        );
        assert_eq!(with_option_table(&document, &[option]), Some(expected));
        assert_eq!(with_option_table("# A plugin", &[]), None);
    }
}
