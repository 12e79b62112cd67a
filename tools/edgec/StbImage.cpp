// The one place where stb_image is compiled: pictures, and the DEFLATE of ZIP archives.
#define STB_IMAGE_IMPLEMENTATION
#define STBI_FAILURE_USERMSG
#include <stb/stb_image.h>
