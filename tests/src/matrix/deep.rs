//! A program of a hundred annotated async functions that call one another, without `recursion_limit`.

const DEPTH: usize = 100;

/// Generates the program; it has the same functions without the attribute too.
pub(crate) fn program() -> String {
    let mut text = String::from("#![deny(warnings)]\n");
    for (attribute, name) in [
        ("", "plain"),
        (
            "#[::ragspan::rag_span(layer = \"data\", context(n))]\n",
            "annotated",
        ),
    ] {
        for level in 0..DEPTH {
            let body = match level {
                0 => "::matrix::pause().await; n".to_owned(),
                _ => format!("{name}_{}(n + 1).await", level - 1),
            };
            text += &format!("{attribute}async fn {name}_{level}(n: u32) -> u32 {{ {body} }}\n");
        }
    }
    let last = DEPTH - 1;
    text += &format!(
        "fn main() {{\n    let plain = ::matrix::now(plain_{last}(0));\n    \
         let (value, captured) = ::ragspan::testing::capture(|| ::matrix::now(annotated_{last}(0)));\n    \
         ::std::assert_eq!((plain, value), ({last}, {last}));\n    \
         let ended = captured.messages().iter().filter(|message| message.ends_with(\"_complete\")).count();\n    \
         ::std::assert_eq!(ended, {DEPTH});\n}}\n"
    );
    text
}
