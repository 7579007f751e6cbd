// How WebGL draws points, what lies behind them, and faint lines. `view` brings places to the picture; its w is how far away.

export const POINT_VERTEX = `
precision highp float;
in vec3 position; in vec4 tint; in float mark;
uniform mat4 view; uniform float size; uniform vec2 fog; uniform vec3 paper;
out vec3 ink; out float pixels; out float opacity; out float shape;
uniform float alpha;
void main() {
  gl_Position = view * vec4(position, 1.0);
  float away = gl_Position.w;
  pixels = max(size / max(away, 0.05), 1.0) * (mark > 1.5 ? 1.35 : 1.0);
  gl_PointSize = pixels + 1.0;
  float mist = fog.y > 0.0 ? 0.68 * clamp((away - 1.0 + fog.x) / fog.y, 0.0, 1.0) : 0.0;
  ink = mix(tint.rgb, paper, mist);
  shape = 255.0 * tint.a;
  opacity = mark > 1.5 ? 1.0 : mark > 0.5 ? 0.1 : alpha;
}`;

export const POINT_FRAGMENT = `
precision mediump float;
in vec3 ink; in float pixels; in float opacity; in float shape;
out vec4 colour;
void main() {
  vec2 from = abs(gl_PointCoord - 0.5) * (pixels + 1.0);
  float radius = 0.5 * pixels;
  float inside = radius + 0.5 - (shape > 1.5 ? 0.8 * (from.x + from.y) : length(from));
  if (shape > 0.5 && shape < 1.5) inside = min(inside, length(from) - 0.45 * radius + 0.5);
  float a = opacity * clamp(inside, 0.0, 1.0);
  colour = vec4(ink * a, a);
}`;

export const GROUND_VERTEX = `
precision highp float;
in vec3 position; in vec2 uv; uniform mat4 view; out vec2 at;
void main() { at = uv; gl_Position = view * vec4(position, 1.0); }`;

export const GROUND_FRAGMENT = `
precision mediump float;
in vec2 at; uniform sampler2D picture; out vec4 colour;
void main() { colour = vec4(texture(picture, at).rgb, 1.0); }`;

export const LINE_VERTEX = `
precision highp float;
in vec3 position; uniform mat4 view;
void main() { gl_Position = view * vec4(position, 1.0); }`;

export const LINE_FRAGMENT = `
precision mediump float;
uniform vec3 ink; out vec4 colour;
void main() { colour = vec4(ink, 1.0); }`;
