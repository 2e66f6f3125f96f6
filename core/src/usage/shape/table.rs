//! The known shapes of token counts, each with the set of keys that distinguishes it and the page that documents it.

use super::json::Object;
use super::read;
use crate::usage::counts::Counts;

/// A shape of token counts.
pub(super) struct Shape {
    /// Each of these groups has at least one of its keys in the object.
    has: &'static [&'static [&'static str]],
    /// None of these keys is in the object.
    lacks: &'static [&'static str],
    /// Returns `None` if the keys have no numbers.
    pub(super) read: fn(&Object) -> Option<Counts>,
}

impl Shape {
    /// Returns true if the object has the keys of this shape.
    pub(super) fn fits(&self, object: &Object) -> bool {
        let has_one = |keys: &[&str]| keys.iter().any(|key| object.contains_key(*key));
        self.has.iter().all(|keys| has_one(keys)) && !has_one(self.lacks)
    }
}

const INPUT_OUTPUT: &[&str] = &["input_tokens", "output_tokens"];
const PROMPT_COMPLETION: &[&str] = &["prompt_tokens", "completion_tokens"];
const DETAILS: &[&str] = &[
    "input_tokens_details",
    "input_token_details",
    "prompt_tokens_details",
];

/// Every shape, each with the page that documents it. The first that fits is read.
pub(super) const SHAPES: &[Shape] = &[
    // OpenAI chat completions and embeddings, and all providers with its protocol:
    // <https://platform.openai.com/docs/api-reference/chat/object>
    Shape {
        has: &[PROMPT_COMPLETION],
        lacks: &[],
        read: read::chat,
    },
    // rig, and other libraries that count cached tokens in the input:
    // <https://docs.rs/rig-core/latest/rig/completion/struct.Usage.html>
    Shape {
        has: &[INPUT_OUTPUT, &["cached_input_tokens"]],
        lacks: DETAILS,
        read: read::library,
    },
    // OpenAI responses, DashScope, LangChain:
    // <https://platform.openai.com/docs/api-reference/responses/object>
    Shape {
        has: &[INPUT_OUTPUT, DETAILS],
        lacks: &[],
        read: read::responses,
    },
    // Anthropic messages, and counts without details:
    // <https://docs.claude.com/en/api/messages>
    Shape {
        has: &[INPUT_OUTPUT],
        lacks: &[],
        read: read::messages,
    },
    // Vercel's AI SDK:
    // <https://ai-sdk.dev/docs/reference/ai-sdk-core/generate-text>
    Shape {
        has: &[
            &["inputTokens", "outputTokens"],
            &["cachedInputTokens", "reasoningTokens"],
        ],
        lacks: &[],
        read: read::sdk,
    },
    // Bedrock converse:
    // <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html>
    Shape {
        has: &[&["inputTokens", "outputTokens"]],
        lacks: &[],
        read: read::converse,
    },
    // Bedrock metrics of an invocation:
    // <https://docs.aws.amazon.com/bedrock/latest/userguide/monitoring.html>
    Shape {
        has: &[&["inputTokenCount", "outputTokenCount"]],
        lacks: &[],
        read: read::converse,
    },
    // Llama on Bedrock:
    // <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-meta.html>
    Shape {
        has: &[
            &["generation_token_count", "prompt_token_count"],
            &["generation_token_count", "generation"],
        ],
        lacks: &[],
        read: read::llama,
    },
    // Titan on Bedrock:
    // <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html>
    Shape {
        has: &[&["inputTextTokenCount", "totalOutputTextTokenCount"]],
        lacks: &[],
        read: read::titan,
    },
    // Gemini:
    // <https://ai.google.dev/api/generate-content#UsageMetadata>
    Shape {
        has: &[read::GEMINI],
        lacks: &[],
        read: read::gemini,
    },
    // Gemini interactions:
    // <https://ai.google.dev/api/interactions-api>
    Shape {
        has: &[&["total_input_tokens", "total_output_tokens"]],
        lacks: &[],
        read: read::interactions,
    },
    // Cohere:
    // <https://docs.cohere.com/reference/chat>
    Shape {
        has: &[&["billed_units", "tokens"]],
        lacks: &[],
        read: read::cohere,
    },
    // Ollama:
    // <https://github.com/ollama/ollama/blob/main/docs/api.md>
    Shape {
        has: &[&["prompt_eval_count", "eval_count"]],
        lacks: &[],
        read: read::ollama,
    },
    // watsonx, Replicate:
    // <https://cloud.ibm.com/apidocs/watsonx-ai>
    Shape {
        has: &[&[
            "input_token_count",
            "output_token_count",
            "generated_token_count",
        ]],
        lacks: &[],
        read: read::watsonx,
    },
    // watsonx: counts of each result:
    // <https://cloud.ibm.com/apidocs/watsonx-ai>
    Shape {
        has: &[&["results"]],
        lacks: &[],
        read: read::watsonx_results,
    },
    // Vertex embeddings:
    // <https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api>
    Shape {
        has: &[&["predictions"]],
        lacks: &[],
        read: read::predictions,
    },
    // embeddings and rerankers that count in total only:
    // <https://docs.voyageai.com/reference/reranker-api>
    Shape {
        has: &[&["total_tokens"]],
        lacks: &[],
        read: read::total,
    },
];
