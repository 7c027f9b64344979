use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

fn refused(text: &str) -> String {
    match Document::parse(text.as_bytes(), "p.yaml") {
        Ok(_) => panic!("accepted: {text:?}"),
        Err(problem) => problem.to_string(),
    }
}

fn pairs(text: &str) -> Vec<(String, String)> {
    let (_, root) = Document::parse(text.as_bytes(), "p.yaml").map_err(|p| p.to_string()).unwrap();
    let Value::Map(entries) = root.value else { panic!("not a map: {text:?}") };
    let text = |node: Node| match node.value {
        Value::Scalar(text) => text,
        _ => format!("<{}>", node.kind()),
    };
    entries.into_iter().map(|entry| (entry.key, text(entry.value))).collect()
}

#[test]
fn values_keep_their_text_as_written() {
    let found = pairs("a: 3306\nb: true\nc: \"x\"\nd: 1.10\ne: 0x1F\nf: 1_000\ng: 'it''s'\nh: No\ni: 1e3\n");
    let values: Vec<&str> = found.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(values, ["3306", "true", "x", "1.10", "0x1F", "1_000", "it's", "No", "1e3"]);
}

#[test]
fn nothing_is_not_an_empty_text() {
    let found = pairs("a:\nb: ~\nc: null\nd: ''\ne: 'null'\n");
    let values: Vec<&str> = found.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(values, ["<nothing>", "<nothing>", "<nothing>", "", "null"]);
}

#[test]
fn a_byte_order_mark_and_line_breaks_of_any_kind_do_not_move_places() {
    let (document, root) = Document::parse("\u{feff}a: 1\r\nb: 2\rc: 3\n".as_bytes(), "p.yaml")
        .map_err(|p| p.to_string())
        .unwrap();
    let Value::Map(entries) = root.value else { panic!("not a map") };
    let places: Vec<_> = entries.iter().map(|entry| (entry.at.start.line, entry.at.start.column)).collect();
    assert_eq!(places, [(1, 0), (2, 0), (3, 0)]);
    let c = &entries[2];
    assert_eq!(document.at_value(&c.key, c.at, c.value.extent).shown, "c: 3");
}

#[test]
fn an_empty_file_is_nothing() {
    for text in ["", "\n\n", "# only a comment\n", "---\n", "\u{feff}"] {
        let (_, root) = Document::parse(text.as_bytes(), "p.yaml").map_err(|p| p.to_string()).unwrap();
        assert_eq!(root.kind(), "nothing", "{text:?}");
    }
}

#[test]
fn a_duplicate_key_is_refused_at_its_second_place() {
    let shown = refused("source:\n  password: hunter2\n  password: hunter3\n");
    assert!(
        shown.starts_with("error: duplicate key 'password'\n --> p.yaml:3:3\n  |\n3 |   password: ***\n")
    );
    assert!(!shown.contains("hunter"), "{shown}");
}

#[test]
fn aliases_anchors_merge_keys_and_tags_are_refused() {
    for text in [
        "a: &x 1\nb: *x\n",
        "a: 1\nb: *hunter2\n",
        "a: &hunter2\n",
        "a: {<<: {b: 1}}\n",
        "password: !hunter2\n",
        "a: !!str 1\n",
        "a: &x [1]\n",
        "a: !x {b: 1}\n",
    ] {
        let shown = refused(text);
        assert!(shown.contains("p.yaml:"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn a_billion_laughs_end_at_the_first() {
    let shown = refused("a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n");
    assert!(shown.contains("an anchor") && shown.contains("p.yaml:1:"), "{shown}");
}

#[test]
fn a_second_document_is_refused() {
    assert!(refused("a: 1\n---\nb: 2\n").contains("p.yaml:2:1"));
}

#[test]
fn a_key_that_is_no_word_is_refused() {
    assert!(refused("? [a, b]\n: 1\n").contains("a key is a single word"));
    assert!(refused("{a: 1}: 2\n").contains("a key is a single word"));
}

#[test]
fn a_syntax_error_shows_no_value() {
    for text in [
        "source:\n  password: \"hunter2\n",
        "source:\n  password: 'hunter2\n  x: 'y\n",
        "source: {type: mysql, password: hunter2\n",
        "source:\n  password: @hunter2\n",
        "source:\n  password: `hunter2\n",
        "source:\n  password: hunter2: hunter2\n",
        "source:\n\tpassword: hunter2\n",
        "source:\n  password: |\n    hunter2\n hunter2\n",
        "source:\n  password: hunter2\n hunter2: x\n",
        "- hunter2\nhunter2\n",
        "source:\n  password: %hunter2\n   hunter2\n  x:y\n",
    ] {
        let shown = refused(text);
        assert!(shown.starts_with("error: not YAML: "), "{shown}");
        assert!(shown.contains("--> p.yaml:"), "{shown}");
        let hint_free = shown.replace("hunter2:", "");
        assert!(!hint_free.contains("hunter2"), "{text}\n{shown}");
    }
}

#[test]
fn a_file_of_another_encoding_is_refused_at_its_first_byte() {
    let problem = Document::parse(b"a: 1\nb: \xe9t\xe9\n", "p.yaml").err().unwrap();
    assert!(problem.to_string().contains("not UTF-8"));
    assert_eq!(problem.place.map(|place| (place.line, place.column)), Some((2, 4)));
    let utf16: Vec<u8> = "\u{feff}a: 1".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(Document::parse(&utf16, "p.yaml").is_err());
}

#[test]
fn large_files_take_time_in_proportion() {
    let mut wide = String::from("source:\n");
    while wide.len() < 10 << 20 {
        wide.push_str(&format!("  key-{}: value\n", wide.len()));
    }
    let brackets = "[".repeat(10 << 20);
    let spaces = format!("a:{}b", " ".repeat(10 << 20));
    let long = format!("a: {}\n", "x, ".repeat(3 << 20));
    let items = format!("a:\n{}", "- b\n".repeat(2 << 20));
    let dashes = "- ".repeat(5 << 20);
    let keys = "a: ".repeat(3 << 20);
    let questions = "? ".repeat(5 << 20);
    let open = "{a: ".repeat(2 << 20);
    let quote = format!("a: \"{}", "x\n".repeat(5 << 20));
    for (name, text) in [
        ("wide", &wide),
        ("brackets", &brackets),
        ("spaces", &spaces),
        ("long", &long),
        ("items", &items),
        ("dashes", &dashes),
        ("keys", &keys),
        ("questions", &questions),
        ("open", &open),
        ("quote", &quote),
    ] {
        let begin = Instant::now();
        let parsed = Document::parse(text.as_bytes(), "p.yaml");
        assert!(begin.elapsed() < Duration::from_secs(60), "{name}: {:?}", begin.elapsed());
        if let Err(problem) = parsed {
            assert!(problem.to_string().len() < 1000, "{name}");
        }
    }
    assert!(refused(&"a".repeat(LARGEST + 1)).contains("at most"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_input_panics(text in "[a-c:\\-\\[\\]{},?&*!|>'\"%@`# \t\r\n\\\\~<.0-9\u{feff}\u{e9}\u{1f600}]{0,60}") {
        if let Err(problem) = Document::parse(text.as_bytes(), "p.yaml") {
            prop_assert!(problem.to_string().lines().count() <= 6);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let _ = Document::parse(&bytes, "p.yaml");
    }
}
