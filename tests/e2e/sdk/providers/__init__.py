"""Scripted providers, one module for each dialect. A module has

KIND, BASE, MORE       the catalogue's kind, the path of its base_url, other lines of its configuration
MODEL                  what its model is called, where it is not `scripted`
CACHED                 how many cached tokens it tells of, where they are not play.CACHED
RETRY_AFTER            the seconds a caller is told after its `rate` failure
IDS                    how it names the script's calls
STREAM                 the content type of its streams
read(request)          the request as play.Asked; raises play.Refusal when a real provider would refuse it
whole(asked, say)      the body of an answer
events(asked, say)     its pieces, streamed
failure(what)          one of play.FAILURES as (status, header fields, body)
stream_failure()       the piece with which a provider says that its stream has failed
"""

from providers import anthropic_messages, bedrock_converse, cohere_v2, gemini, ollama, openai_chat, openai_responses

DIALECTS = {
    "openai_chat": openai_chat,
    "openai_responses": openai_responses,
    "anthropic_messages": anthropic_messages,
    "gemini": gemini,
    "bedrock_converse": bedrock_converse,
    "cohere_v2": cohere_v2,
    "ollama": ollama,
}
