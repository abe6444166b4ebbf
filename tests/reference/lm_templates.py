"""Reference renderings for idl-lm's chat templates, made with transformers.

    python3 -m venv venv && venv/bin/pip install transformers jinja2
    venv/bin/python tests/reference/lm_templates.py

Writes crates/idl-lm/tests/data/templates/: tokenizer.json, a byte-level
tokenizer with the special tokens of the models named below and no merges, and
templates.json with their chat templates and what apply_chat_template makes of
invented conversations: the text, the tokens, or the refusal. Templates that ask
for the time are told 2026-02-03 04:05:06 UTC.
"""

import datetime
import json
import pathlib
import sys

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast
from transformers.utils import chat_template_utils

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "crates/idl-lm/tests/data/templates"
SPECIAL = ["<s>", "</s>", "<unk>", "<|im_start|>", "<|im_end|>", "<|begin_of_text|>", "<|eot_id|>",
           "<|start_header_id|>", "<|end_header_id|>"]

ALTERNATE = ("{{ raise_exception('Conversation roles must alternate "
             "user/assistant/user/assistant/...') }}")

LLAMA2 = (
    "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}"
    "{% set system_message = messages[0]['content'] %}{% else %}"
    "{% set loop_messages = messages %}{% set system_message = false %}{% endif %}"
    "{% for message in loop_messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}" + ALTERNATE + "{% endif %}"
    "{% if loop.index0 == 0 and system_message != false %}"
    "{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}"
    "{% else %}{% set content = message['content'] %}{% endif %}"
    "{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}"
    "{% endif %}{% endfor %}")

LLAMA3 = (
    "{% set loop_messages = messages %}{% for message in loop_messages %}"
    "{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'"
    "+ message['content'] | trim + '<|eot_id|>' %}"
    "{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}"
    "{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}")

# The frame of the 3.1 and 3.2 templates, without their tools.
LLAMA31 = """{{- bos_token }}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}

{#- This block extracts the system message, so we can slot it into the right place. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}

{#- System message #}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if tools is not none %}
    {{- "Environment: ipython\\n" }}
{%- endif %}
{{- "Cutting Knowledge Date: December 2023\\n" }}
{{- "Today Date: " + date_string + "\\n\\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}

{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""

MISTRAL1 = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}" + ALTERNATE + "{% endif %}"
    "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token}}"
    "{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}"
    "{% endfor %}")

# The frame of the template of the third version, without its tools.
MISTRAL3 = """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}

{#- This block checks for alternating user/assistant messages, skipping tool calling messages #}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or message.role == "tool_results" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("After the optional system message, conversation roles must alternate user/assistant/user/assistant/...") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}

{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is not none and (message == user_messages[-1]) %}
            {{- "[AVAILABLE_TOOLS] [" }}
        {%- endif %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- else %}
        {{- raise_exception("Only user and assistant roles are supported, with the exception of an initial optional system message!") }}
    {%- endif %}
{%- endfor %}
"""

QWEN2 = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")

CHATML = (
    "{% for message in messages %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")

# Not of a model: what templates may use.
FEATURES = """{%- macro line(role, text) -%}
  {{ role | upper }}> {{ text }}
{% endmacro -%}
    {% set ns = namespace(seen=[], n=0) %}
{% for message in messages[::-1] %}
    {% if loop.index > 4 %}
        {% break %}
    {% endif %}
    {% if message.role == "system" %}
        {% continue %}
    {% endif %}
    {% set ns.n = ns.n + 1 %}
{{ line(message.role, message.content.split(" ")[0].rstrip("!")) }}
    {%- generation %}{{ message | tojson }}{% endgeneration %}

{% endfor %}
{{ messages[-1] | tojson(indent=2) }}
{{ {"b": [1, 2.5, true, none], "a": "<&'>é"} | tojson(ensure_ascii=true, sort_keys=true, separators=(",", ":")) }}
{{ [] | tojson(indent=4) }} {{ {} | tojson }}
{% for key, value in messages[0].items() %}{{ key }}={{ value | length }};{% endfor %}

{{ ns.n }} {{ strftime_now("%Y-%m-%d %H:%M %B %a") }} {{ tools is none }} {{ documents is none }}
{{ messages | map(attribute="role") | join(",") }} {{ "x" if messages[0].content is string else "y" }}
{{ ("a" ~ 1 ~ "b") * 2 if false else "q" }} {{ messages[0].get("name", "nobody") }} {{ "hi" in messages[0].content }}
{{- "\\n" -}}
done{% if add_generation_prompt %}!{% endif %}

"""

TEMPLATES = {
    "llama2": (LLAMA2, "<s>", "</s>"),
    "llama3": (LLAMA3, "<|begin_of_text|>", "<|eot_id|>"),
    "llama3.1": (LLAMA31, "<|begin_of_text|>", "<|eot_id|>"),
    "mistral1": (MISTRAL1, "<s>", "</s>"),
    "mistral3": (MISTRAL3, "<s>", "</s>"),
    "qwen2": (QWEN2, None, "<|im_end|>"),
    "chatml": (CHATML, "<s>", "<|im_end|>"),
    "features": (FEATURES, "<s>", "</s>"),
}

CONVERSATIONS = [
    [("user", "hi there !")],
    [("user", "  any plans ?\n"), ("assistant", " a long walk . \t")],
    [("system", "You mend clocks & tell <b>jokes</b>."), ("user", "what is \"new\" ?"),
     ("assistant", "it's raining \\o/ {{ here }} {% raw %}"), ("user", "naïve café — 猫 🙂\u2028 end")],
    [("system", " Be brief. "), ("user", "one\n\ntwo"), ("assistant", "three"), ("user", "four"),
     ("assistant", "five")],
    [("user", "[INST] <<SYS>> [/INST]"), ("assistant", ""), ("user", "'single' \"double\" \u00a0")],
    # What sessions in a row hold, and some templates refuse.
    [("user", "bye !"), ("assistant", "bye ."), ("assistant", "me again"), ("user", "oh hi")],
    [("assistant", "i begin"), ("user", "so you do")],
    [("system", "only this")],
]


class Frozen(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2026, 2, 3, 4, 5, 6)


def tokenizer():
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: i for i, letter in enumerate(letters)}
    made = Tokenizer(models.BPE(vocabulary, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL])
    return made


def main():
    chat_template_utils.datetime = Frozen
    DATA.mkdir(parents=True, exist_ok=True)
    tokenizer().save(str(DATA / "tokenizer.json"), pretty=False)
    templates, cases = {}, []
    for name, (template, bos, eos) in TEMPLATES.items():
        fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer(), bos_token=bos, eos_token=eos)
        fast.chat_template = template
        templates[name] = dict(bos_token=bos, eos_token=eos, chat_template=template)
        for number, conversation in enumerate(CONVERSATIONS):
            messages = [dict(role=r, content=c) for r, c in conversation]
            for prompt in (False, True):
                case = dict(template=name, conversation=number, add_generation_prompt=prompt)
                try:
                    case["text"] = fast.apply_chat_template(
                        messages, tokenize=False, add_generation_prompt=prompt)
                    case["ids"] = fast.apply_chat_template(
                        messages, add_generation_prompt=prompt, return_dict=False)[:24]
                except Exception as error:  # jinja2's, whatever its class
                    case["refused"] = str(error)
                cases.append(case)
    out = dict(templates=templates, conversations=CONVERSATIONS, cases=cases)
    (DATA / "templates.json").write_text(json.dumps(out, ensure_ascii=False) + "\n")
    print("written", sum("refused" in c for c in cases), "refusals of", len(cases), file=sys.stderr)


if __name__ == "__main__":
    main()
