//! Tests of reading the replies of providers; each payload has the shape that the provider's reference shows.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Usage;

fn usage(parts: [u64; 5]) -> Usage {
    let [input, cached, written, output, reasoning] = parts;
    Usage::new(input, output)
        .with_cached_input(cached)
        .with_cache_write(written)
        .with_reasoning(reasoning)
}

#[track_caller]
fn reads(json: &Value, parts: [u64; 5]) {
    assert_eq!(Usage::from_json(json), Some(usage(parts)), "{json}");
}

#[test]
fn openai_counts_cached_tokens_in_the_prompt_and_reasoning_in_the_completion() {
    let whole = json!({
        "id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT", "object": "chat.completion", "model": "gpt-5-mini-2025-08-07",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": 1486, "completion_tokens": 651, "total_tokens": 2137,
            "prompt_tokens_details": {"cached_tokens": 1408, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 512, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0
            }
        },
        "service_tier": "default"
    });
    reads(&whole, [78, 1408, 0, 139, 512]);
    reads(&whole["usage"], [78, 1408, 0, 139, 512]);
}

#[test]
fn only_the_last_chunk_of_an_openai_stream_has_a_usage() {
    let chunk =
        |usage: Value| json!({"object": "chat.completion.chunk", "choices": [], "usage": usage});
    let last = chunk(json!({"prompt_tokens": 19, "completion_tokens": 10, "total_tokens": 29}));
    assert_eq!(Usage::from_json(&chunk(Value::Null)), None);
    reads(&last, [19, 0, 0, 10, 0]);
    reads(
        &json!([chunk(Value::Null), last, "[DONE]"]),
        [19, 0, 0, 10, 0],
    );
}

#[test]
fn openai_responses_and_their_last_event_are_read() {
    let response = json!({
        "id": "resp_67ccd2bed1ec8190", "object": "response", "status": "completed", "model": "gpt-4.1-2025-04-14",
        "usage": {
            "input_tokens": 328, "input_tokens_details": {"cached_tokens": 128},
            "output_tokens": 87, "output_tokens_details": {"reasoning_tokens": 64}, "total_tokens": 415
        }
    });
    reads(&response, [200, 128, 0, 23, 64]);
    let event = json!({"type": "response.completed", "sequence_number": 9, "response": response});
    reads(&event, [200, 128, 0, 23, 64]);
    let begun =
        json!({"type": "response.created", "response": {"status": "in_progress", "usage": null}});
    assert_eq!(Usage::from_json(&begun), None);
}

#[test]
fn embeddings_have_no_output() {
    let response =
        json!({"object": "list", "data": [], "usage": {"prompt_tokens": 8, "total_tokens": 8}});
    reads(&response, [8, 0, 0, 0, 0]);
}

#[test]
fn reasoning_that_is_only_in_the_total_is_not_lost() {
    // xAI: completion_tokens leaves reasoning out.
    reads(
        &json!({"usage": {
            "prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 135,
            "prompt_tokens_details": {"text_tokens": 32, "cached_tokens": 6},
            "completion_tokens_details": {"reasoning_tokens": 94}
        }}),
        [26, 6, 0, 9, 94],
    );
    // Gemini behind OpenAI's protocol has three counts alone.
    reads(
        &json!({"usage": {"completion_tokens": 102, "prompt_tokens": 758, "total_tokens": 1725}}),
        [758, 0, 0, 967, 0],
    );
}

#[test]
fn providers_with_openais_protocol_keep_their_own_names() {
    // DeepSeek.
    reads(
        &json!({"usage": {
            "prompt_tokens": 20, "completion_tokens": 30, "total_tokens": 50,
            "prompt_cache_hit_tokens": 16, "prompt_cache_miss_tokens": 4
        }}),
        [4, 16, 0, 30, 0],
    );
    // Mistral.
    reads(
        &json!({"object": "chat.completion", "usage": {"prompt_tokens": 13, "total_tokens": 34, "completion_tokens": 21}}),
        [13, 0, 0, 21, 0],
    );
    // LiteLLM in front of Anthropic.
    reads(
        &json!({"usage": {
            "prompt_tokens": 2100, "completion_tokens": 50, "total_tokens": 2150,
            "prompt_tokens_details": {"cached_tokens": 1500},
            "cache_creation_input_tokens": 500, "cache_read_input_tokens": 1500
        }}),
        [100, 1500, 500, 50, 0],
    );
    // Groq's stream.
    reads(
        &json!({"choices": [], "x_groq": {"id": "req_01", "usage": {
            "queue_time": 0.03, "prompt_tokens": 18, "completion_tokens": 55, "total_tokens": 73
        }}}),
        [18, 0, 0, 55, 0],
    );
}

#[test]
fn anthropic_counts_cached_tokens_beside_the_input() {
    let message = json!({
        "id": "msg_01XFDUDYJgAACzvnptvVoYEL", "type": "message", "role": "assistant", "model": "claude-sonnet-4-20250514",
        "content": [{"type": "text", "text": "Hi!"}], "stop_reason": "end_turn",
        "usage": {
            "input_tokens": 21, "cache_creation_input_tokens": 188_086, "cache_read_input_tokens": 1_024,
            "cache_creation": {"ephemeral_5m_input_tokens": 188_086, "ephemeral_1h_input_tokens": 0},
            "output_tokens": 393, "service_tier": "standard"
        }
    });
    reads(&message, [21, 1_024, 188_086, 393, 0]);
    let nulls = json!({"usage": {
        "input_tokens": 12, "cache_creation_input_tokens": null, "cache_read_input_tokens": null, "output_tokens": 6
    }});
    reads(&nulls, [12, 0, 0, 6, 0]);
}

#[test]
fn the_two_ends_of_an_anthropic_stream_are_merged() {
    let events = json!([
        {"type": "message_start", "message": {"id": "msg_1nZdL29xx5MUA1yADyHTEsnR8uuvGzszyY", "usage": {
            "input_tokens": 25, "cache_creation_input_tokens": 7, "cache_read_input_tokens": 900, "output_tokens": 1}}},
        {"type": "ping"},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 15}},
        {"type": "message_stop"}
    ]);
    reads(&events, [25, 900, 7, 15, 0]);
    let repeated = json!({"usage": {
        "input_tokens": 10_682, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 510
    }});
    let start = Usage::from(&events[0]);
    assert_eq!(start.merge(Usage::from(&repeated)), Usage::new(10_682, 510));
}

#[test]
fn gemini_counts_thoughts_and_tools_beside_the_rest() {
    let response = json!({
        "candidates": [{"content": {"parts": [{"text": "42"}], "role": "model"}, "finishReason": "STOP"}],
        "usageMetadata": {
            "promptTokenCount": 1_000, "candidatesTokenCount": 40, "totalTokenCount": 1_300,
            "cachedContentTokenCount": 700, "thoughtsTokenCount": 200, "toolUsePromptTokenCount": 60,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 1_000}]
        },
        "modelVersion": "gemini-2.5-flash"
    });
    reads(&response, [360, 700, 0, 40, 200]);
    assert_eq!(Usage::from(&response).total(), 1_300);
    let snake =
        json!({"usage_metadata": {"prompt_token_count": 5, "candidates_token_count": null}});
    reads(&snake, [5, 0, 0, 0, 0]);
}

#[test]
fn every_chunk_of_a_gemini_stream_counts_from_the_beginning() {
    let chunk = |answer: u64| json!({"usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": answer}});
    reads(&json!([chunk(3), chunk(8), chunk(21)]), [9, 0, 0, 21, 0]);
}

#[test]
fn bedrock_counts_cached_tokens_beside_the_input() {
    let response = json!({
        "output": {"message": {"role": "assistant", "content": [{"text": "ok"}]}}, "stopReason": "end_turn",
        "metrics": {"latencyMs": 1275},
        "usage": {
            "inputTokens": 30, "outputTokens": 628, "totalTokens": 3_658,
            "cacheReadInputTokens": 2_000, "cacheWriteInputTokens": 1_000
        }
    });
    reads(&response, [30, 2_000, 1_000, 628, 0]);
    assert_eq!(Usage::from(&response).total(), 3_658);
    reads(
        &json!({"metadata": {"usage": {"inputTokens": 30, "outputTokens": 628}, "metrics": {"latencyMs": 1275}}}),
        [30, 0, 0, 628, 0],
    );
    reads(
        &json!({"amazon-bedrock-invocationMetrics": {"inputTokenCount": 17, "outputTokenCount": 40, "firstByteLatency": 400}}),
        [17, 0, 0, 40, 0],
    );
}

#[test]
fn of_cohere_counts_what_is_billed() {
    let units = json!({
        "billed_units": {"input_tokens": 5.0, "output_tokens": 418.0}, "tokens": {"input_tokens": 71, "output_tokens": 418}
    });
    reads(&json!({"message": {}, "usage": units}), [5, 0, 0, 418, 0]);
    reads(&json!({"text": "ok", "meta": units}), [5, 0, 0, 418, 0]);
    reads(
        &json!({"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": units}}),
        [5, 0, 0, 418, 0],
    );
    let rerank = json!({"results": [], "meta": {"billed_units": {"search_units": 1}}});
    assert_eq!(Usage::from_json(&rerank), None);
}

#[test]
fn ollama_reports_usage_in_its_last_line() {
    let line = json!({"model": "llama3.2", "message": {"role": "assistant", "content": "Hi"}, "done": false});
    assert_eq!(Usage::from_json(&line), None);
    reads(
        &json!({"model": "llama3.2", "done": true, "total_duration": 4_883_583_458_u64, "prompt_eval_count": 26, "eval_count": 282}),
        [26, 0, 0, 282, 0],
    );
}

#[test]
fn langchains_shape_is_read_too() {
    reads(
        &json!({"usage_metadata": {
            "input_tokens": 350, "output_tokens": 240, "total_tokens": 590,
            "input_token_details": {"audio": 10, "cache_creation": 200, "cache_read": 100},
            "output_token_details": {"audio": 10, "reasoning": 200}
        }}),
        [50, 100, 200, 40, 200],
    );
}

#[test]
fn what_has_no_known_shape_is_none_and_nothing_is_guessed() {
    for unknown in [
        json!(null),
        json!(17),
        json!("usage"),
        json!([]),
        json!([[{"usage": {"prompt_tokens": 1}}]]),
        json!({}),
        json!({"usage": {}}),
        json!({"usage": 17}),
        json!({"usage": {"total_tokens": "40"}}),
        json!({"usage": {"prompt_tokens": "40", "completion_tokens": null}}),
        json!({"usage": {"tokens": 12}}),
    ] {
        assert_eq!(Usage::from_json(&unknown), None, "{unknown}");
        assert_eq!(Usage::from(&unknown), Usage::default());
    }
}

#[test]
fn numbers_that_cannot_be_count_as_the_nearest_that_can() {
    reads(
        &json!({"prompt_tokens": -5, "completion_tokens": 1e300}),
        [0, 0, 0, u64::MAX, 0],
    );
    reads(
        &json!({"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 3,
            "prompt_tokens_details": {"cached_tokens": 99, "cache_write_tokens": 5},
            "completion_tokens_details": {"reasoning_tokens": 77}}),
        [0, 10, 0, 0, 4],
    );
    let most = Usage::new(u64::MAX, u64::MAX);
    assert_eq!((most + most, most.total()), (most, u64::MAX));
}

#[test]
fn usages_add_up() {
    let calls = [usage([1, 2, 3, 4, 5]), usage([10, 20, 30, 40, 50])];
    assert_eq!(calls.iter().sum::<Usage>(), usage([11, 22, 33, 44, 55]));
    assert_eq!(calls.into_iter().sum::<Usage>().total(), 165);
    assert_eq!(calls[0].kinds().map(|(_, tokens)| tokens), [1, 2, 3, 4, 5]);
}

/// Any JSON that is built of the words the shapes know, in all the wrong places.
fn hostile() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "usage",
        "usageMetadata",
        "message",
        "response",
        "delta",
        "meta",
        "metadata",
        "tokens",
        "billed_units",
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "prompt_tokens_details",
        "cached_tokens",
        "completion_tokens_details",
        "reasoning_tokens",
        "input_tokens",
        "output_tokens",
        "cache_read_input_tokens",
        "input_tokens_details",
        "promptTokenCount",
        "cachedContentTokenCount",
        "thoughtsTokenCount",
        "inputTokens",
        "outputTokens",
        "eval_count",
        "cacheReadInputTokens",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(word.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(|entries| entries.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_does_harm(json in hostile()) {
        let read = Usage::from_json(&json);
        prop_assert_eq!(Usage::from(&json), read.unwrap_or_default());
        prop_assert!(Usage::from(&json).total() >= Usage::from(&json).prompt());
    }

    #[test]
    fn the_kinds_add_up_to_the_providers_own_total(
        [fresh, cached, written, output, reasoning] in prop::array::uniform5(0..1_u64 << 40),
    ) {
        let (prompt, completion) = (fresh + cached + written, output + reasoning);
        let total = prompt + completion;
        let expected = usage([fresh, cached, written, output, reasoning]);
        let details = json!({"cached_tokens": cached, "cache_write_tokens": written});
        let message_text = json!({"reasoning_tokens": reasoning});
        let chat = |completion: u64| json!({"usage": {
            "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total,
            "prompt_tokens_details": details, "completion_tokens_details": message_text,
        }});
        let responses = json!({"usage": {
            "input_tokens": prompt, "output_tokens": completion, "total_tokens": total,
            "input_tokens_details": details, "output_tokens_details": message_text,
        }});
        for json in [chat(completion), chat(output), responses] {
            prop_assert_eq!(Usage::from_json(&json), Some(expected));
            prop_assert_eq!(Usage::from(&json).total(), total);
        }
        let anthropic = json!({"usage": {
            "input_tokens": fresh, "cache_read_input_tokens": cached, "cache_creation_input_tokens": written,
            "output_tokens": completion,
        }});
        prop_assert_eq!(Usage::from(&anthropic).total(), total);
        let bedrock = json!({"usage": {
            "inputTokens": fresh, "cacheReadInputTokens": cached, "cacheWriteInputTokens": written,
            "outputTokens": completion, "totalTokens": total,
        }});
        prop_assert_eq!(Usage::from(&bedrock).total(), total);
        let gemini = json!({"usageMetadata": {
            "promptTokenCount": fresh + cached, "cachedContentTokenCount": cached, "toolUsePromptTokenCount": written,
            "candidatesTokenCount": output, "thoughtsTokenCount": reasoning, "totalTokenCount": total,
        }});
        prop_assert_eq!(Usage::from(&gemini).total(), total);
    }
}
